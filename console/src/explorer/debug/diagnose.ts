/** What is wrong with a signed request: read, recomputed, and compared with what server and client say they signed. */
import { keyedBase64, keyedHex, utf8 } from '../signature/digest.ts';
import { signV1, type V1Steps } from '../signature/v1.ts';
import { finishV3, signV3, type V3Steps } from '../signature/v3.ts';
import { checkTimestamp, readClaim, type Claim } from './claim.ts';
import { differing, diffLines, toLines, type DiffLine } from './diff.ts';
import { notice, right, wrong, type Finding } from './findings.ts';
import { explain } from './mistakes.ts';
import { parsePaste, type PasteProblem } from './paste.ts';
import { parseReply, type ServerSide } from './reply.ts';

/** What someone puts into the debugger. */
export interface Evidence {
  request: string;
  /** The AccessKey secret; without it only form and strings can be checked. */
  secret: string;
  /** The reply that refused it. */
  reply: string;
  /** What the client says it signed: its string to sign, or its canonical request. */
  clientString: string;
  /** Our clock in unix seconds, for want of the server's. */
  now: number;
}

/** Two strings side by side: ours is computed from the pasted request. */
export interface Comparison {
  with: 'server' | 'client';
  lines: DiffLine[];
}

/** What came out. */
export interface Diagnosis {
  findings: Finding[];
  /** The steps of the signature as they should be; with an empty secret the last two mean nothing. */
  steps: V1Steps | V3Steps | undefined;
  comparisons: Comparison[];
}

/** Examines the evidence. */
export function diagnose(evidence: Evidence): Diagnosis | { problem: PasteProblem } {
  const request = parsePaste(evidence.request);
  if ('problem' in request) return request;
  const server = parseReply(evidence.reply);
  const { claim, timestamp, findings } = readClaim(request);
  const clock = checkTimestamp(timestamp, server?.date ?? evidence.now);
  if (!claim) return { findings: [...findings, ...clock], steps: undefined, comparisons: [] };
  const secret = evidence.secret;
  const steps = recompute(claim, secret);
  const comparisons = [compareServer(steps, server), compareClient(steps, evidence.clientString)].filter(
    (comparison) => comparison !== undefined,
  );
  return {
    findings: [
      ...findings,
      ...clock,
      ...bodyAtServer(claim, server),
      ...comparisons.map(tellComparison),
      ...judge(claim, steps, secret, evidence.clientString, comparisons),
    ],
    steps,
    comparisons,
  };
}

function recompute(claim: Claim, secret: string): V1Steps | V3Steps {
  return claim.scheme === 'V1'
    ? signV1(claim.method, claim.parameters, secret)
    : signV3({ ...claim, body: utf8(claim.body) }, secret);
}

/** The text whose difference tells most: the canonical request of V3, whose string to sign is only its hash. */
const signedText = (steps: V1Steps | V3Steps): string =>
  steps.scheme === 'V1' ? steps.stringToSign : steps.canonicalRequest;

function compareServer(steps: V1Steps | V3Steps, server: ServerSide | undefined): Comparison | undefined {
  const told = server?.canonicalRequest ?? server?.stringToSign;
  if (told === undefined || server === undefined) return undefined;
  const ours = signedText(steps);
  return compare('server', server.cut ? Array.from(ours).slice(0, Array.from(told).length).join('') : ours, told);
}

function compareClient(steps: V1Steps | V3Steps, text: string): Comparison | undefined {
  const told = text.trim();
  if (told === '') return undefined;
  const hashOnly = steps.scheme === 'V3' && /^ACS3-[A-Z0-9-]+\n[0-9a-f]{64}$/.test(told);
  return compare('client', hashOnly ? steps.stringToSign : signedText(steps), told);
}

function compare(side: Comparison['with'], ours: string, told: string): Comparison {
  return { with: side, lines: diffLines(toLines(ours), toLines(told.replace(/\r\n/g, '\n'))) };
}

function tellComparison(comparison: Comparison): Finding {
  const names = differing(comparison.lines).join(', ');
  if (comparison.with === 'server') return names === '' ? right('serverSame') : wrong('serverDiffers', { names });
  return names === '' ? right('clientSame') : wrong('clientDiffers', { names });
}

function bodyAtServer(claim: Claim, server: ServerSide | undefined): Finding[] {
  if (claim.scheme !== 'V3' || server?.bodyHash === undefined) return [];
  return [wrong('serverBodyHash', { is: server.bodyHash })];
}

/** What the secret says. */
function judge(
  claim: Claim,
  steps: V1Steps | V3Steps,
  secret: string,
  clientString: string,
  comparisons: readonly Comparison[],
): Finding[] {
  if (secret === '') return [notice('needSecret')];
  const server = comparisons.find((comparison) => comparison.with === 'server');
  const serverAgrees = server?.lines.every(({ side }) => side === 'both') ?? false;
  if (steps.signature === claim.signature) {
    return [right('signatureRight'), ...(serverAgrees ? [wrong('otherSecretAtServer')] : [])];
  }
  const values = { given: claim.signature, computed: steps.signature };
  const explanation = explain(claim, secret);
  if (explanation) {
    const { mistake, name } = explanation;
    return [wrong('signatureWrong', values), { ...wrong('explained', { name }), mistake }];
  }
  return [wrong('signatureWrong', values), whoseFault(claim, secret, clientString, serverAgrees)];
}

/** With the text the client signed at hand, the secret is proven wrong or not; without it, it can only be suspected. */
function whoseFault(claim: Claim, secret: string, clientString: string, serverAgrees: boolean): Finding {
  const text = clientString.trim();
  if (text === '') return serverAgrees ? wrong('maybeSecret') : notice('maybeSecret');
  return signsTo(claim, secret, text) ? wrong('requestChanged') : wrong('wrongSecret');
}

function signsTo(claim: Claim, secret: string, text: string): boolean {
  if (claim.scheme === 'V1') return keyedBase64(`${secret}&`, text) === claim.signature;
  // Either its string to sign was given, or its canonical request.
  return [keyedHex(claim.algorithm, secret, text), finishV3(claim.algorithm, text, secret).signature].includes(
    claim.signature,
  );
}
