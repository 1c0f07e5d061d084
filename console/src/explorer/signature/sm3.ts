/** SM3 (GB/T 32905-2016), which `ACS3-HMAC-SM3` is made of. No library here has it. */

const START = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e] as const;

const turn = (word: number, by: number): number => ((word << (by % 32)) | (word >>> ((32 - (by % 32)) % 32))) >>> 0;
const spread = (word: number): number => word ^ turn(word, 15) ^ turn(word, 23);

/** The digest, 32 bytes. */
export function sm3(data: Uint8Array): Uint8Array {
  const padded = pad(data);
  const view = new DataView(padded.buffer);
  let state: number[] = [...START];
  for (let offset = 0; offset < padded.length; offset += 64) {
    const next = compress(state, view, offset);
    state = state.map((word, index) => (word ^ (next[index] ?? 0)) >>> 0);
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => {
    digest.setUint32(index * 4, word);
  });
  return new Uint8Array(digest.buffer);
}

function pad(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64);
  padded.set(data);
  padded[data.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(data.length) * 8n);
  return padded;
}

function expand(view: DataView, offset: number): number[] {
  const words = Array.from({ length: 16 }, (_, index) => view.getUint32(offset + index * 4));
  const at = (index: number): number => words[index] ?? 0;
  for (let j = 16; j < 68; j += 1) {
    const mixed = at(j - 16) ^ at(j - 9) ^ turn(at(j - 3), 15);
    words.push((spread(mixed) ^ turn(at(j - 13), 7) ^ at(j - 6)) >>> 0);
  }
  return words;
}

function compress(state: readonly number[], view: DataView, offset: number): number[] {
  const words = expand(view, offset);
  const word = (index: number): number => words[index] ?? 0;
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let j = 0; j < 64; j += 1) {
    const early = j < 16;
    const constant = turn(early ? 0x79cc4519 : 0x7a879d8a, j);
    const ss1 = turn((turn(a, 12) + e + constant) >>> 0, 7);
    const ss2 = ss1 ^ turn(a, 12);
    const ff = early ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const gg = early ? e ^ f ^ g : (e & f) | (~e & g);
    const tt1 = (ff + d + ss2 + (word(j) ^ word(j + 4))) >>> 0;
    const tt2 = (gg + h + ss1 + word(j)) >>> 0;
    [a, b, c, d] = [tt1, a, turn(b, 9), c];
    [e, f, g, h] = [(tt2 ^ turn(tt2, 9) ^ turn(tt2, 17)) >>> 0, e, turn(f, 19), g];
  }
  return [a, b, c, d, e, f, g, h];
}

/** HMAC over SM3 (RFC 2104). */
export function hmacSm3(key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? sm3(key) : key);
  const masked = (mask: number, rest: Uint8Array): Uint8Array => {
    const out = new Uint8Array(64 + rest.length);
    out.set(block.map((byte) => byte ^ mask));
    out.set(rest, 64);
    return out;
  };
  return sm3(masked(0x5c, sm3(masked(0x36, data))));
}
