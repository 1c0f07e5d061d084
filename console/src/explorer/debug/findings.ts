/** What the debugger can find. The texts are the catalogue's, one for each code; `values` go into them. */

export type FindingCode =
  // How the request is made.
  | 'unsigned'
  | 'shellVariable'
  | 'missingParameter'
  | 'missingHeader'
  | 'brokenEncoding'
  | 'duplicateParameter'
  | 'duplicateHeader'
  | 'signatureMethod'
  | 'signatureVersion'
  | 'authorizationPart'
  | 'timestampFormat'
  | 'timestampOff'
  | 'timestampZone'
  | 'unsignedHeader'
  | 'signedHeaderAbsent'
  | 'bodyHash'
  | 'bodyNotForm'
  | 'path'
  | 'method'
  // What recomputing says.
  | 'needSecret'
  | 'signatureRight'
  | 'signatureWrong'
  | 'explained'
  | 'wrongSecret'
  | 'maybeSecret'
  | 'requestChanged'
  | 'otherSecretAtServer'
  // What the strings to sign say.
  | 'serverSame'
  | 'serverDiffers'
  | 'clientSame'
  | 'clientDiffers'
  | 'serverBodyHash';

/** A way of signing that gives the signature of the request, though it is not the documented one. */
export type Mistake =
  | 'spacePlus'
  | 'starRaw'
  | 'tildeEncoded'
  | 'marksRaw'
  | 'lowerHex'
  | 'notEncoded'
  | 'encodedOnce'
  | 'unsorted'
  | 'sortedIgnoringCase'
  | 'keyWithoutAmpersand'
  | 'keyWithAmpersand'
  | 'keyTrimmed'
  | 'keyWithNewline'
  | 'otherMethod'
  | 'parameterLeftOut'
  | 'valueDecodedOnceMore'
  | 'emptyValuesLeftOut'
  | 'headerLeftOut'
  | 'headersUnsorted'
  | 'hostOther'
  | 'emptyBodyHash'
  | 'upperHex'
  | 'hexForBase64'
  | 'base64ForHex'
  | 'withoutFinalBlankLine';

/** One thing found. `wrong` is why it fails, `notice` may be, `right` is checked and in order. */
export interface Finding {
  level: 'wrong' | 'notice' | 'right';
  code: FindingCode;
  values: Readonly<Record<string, string>>;
  mistake?: Mistake;
}

export const wrong = (code: FindingCode, values: Record<string, string> = {}): Finding => ({
  level: 'wrong',
  code,
  values,
});
export const notice = (code: FindingCode, values: Record<string, string> = {}): Finding => ({
  level: 'notice',
  code,
  values,
});
export const right = (code: FindingCode, values: Record<string, string> = {}): Finding => ({
  level: 'right',
  code,
  values,
});
