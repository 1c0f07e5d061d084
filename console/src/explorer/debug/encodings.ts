/** One signature written in the other scheme's way. */

export function base64ToHex(text: string): string {
  return Array.from(atob(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

export function hexToBase64(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return btoa(bytes.map((byte) => String.fromCharCode(parseInt(byte, 16))).join(''));
}
