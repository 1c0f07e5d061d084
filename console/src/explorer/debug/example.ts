/** A request with a usual mistake, to see what the debugger does: spaces were signed as `+`. */
import { encodeQuery } from '../percent.ts';
import { keyedBase64 } from '../signature/digest.ts';
import { signV1 } from '../signature/v1.ts';
import type { Pair } from '../pairs.ts';

const SECRET = 'example-secret';

const PARAMETERS: readonly Pair[] = [
  ['Action', 'CreateAccessToken'],
  ['Version', '2019-06-01'],
  ['Format', 'JSON'],
  ['AccessKeyId', 'LTAI5tExample'],
  ['SignatureMethod', 'HMAC-SHA1'],
  ['SignatureVersion', '1.0'],
  ['SignatureNonce', '6f1c2a90d3'],
  ['Timestamp', '2026-11-24T08:00:00Z'],
  ['Description', 'servers of rack 7'],
];

const RIGHT = signV1('GET', PARAMETERS, SECRET).stringToSign;
const SIGNED = RIGHT.replaceAll('%2520', '%2B');

/** The evidence of the example. */
export const EXAMPLE = {
  request: `curl 'http://127.0.0.1:8620/?${encodeQuery([...PARAMETERS, ['Signature', keyedBase64(`${SECRET}&`, SIGNED)]])}'`,
  secret: SECRET,
  clientString: SIGNED,
};
