/** The named formats of texts, as the server reads them. */

/** Whether a text is spelled by the format. */
export function accepts(format: string | undefined, prefix: string, text: string): boolean {
  switch (format) {
    case 'name':
      return isName(text, ':_-');
    case 'workgroup_name':
      return isName(text, ':._-');
    case 'description':
      return isPlain(text) && !/^https?:\/\//i.test(text);
    case 'ascii':
      return /^[ -~]*$/.test(text);
    case 'json_object':
      return isJsonObject(text);
    case 'utc_time':
      return isUtcTime(text);
    case 'id':
      return text.startsWith(prefix) && /^[A-Za-z0-9\-_*]+$/.test(text.slice(prefix.length));
    case 'tag_key':
      return isTagText(text) && !text.startsWith('aliyun') && !text.startsWith('acs:');
    case 'tag_value':
      return isTagText(text);
    case 'user_name':
      return /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(text);
    case 'policy_name':
      return /^[A-Za-z0-9-]+$/.test(text);
    case 'key_id':
      return /^[A-Za-z0-9._-]+$/.test(text);
    default:
      return isPlain(text);
  }
}

/** The rule, as the end of a sentence that begins "it must". */
export function ruleOf(format: string | undefined, prefix: string): string {
  switch (format) {
    case 'name':
      return nameRule('":", "_" and "-"');
    case 'workgroup_name':
      return nameRule('":", ".", "_" and "-"');
    case 'description':
      return 'hold no control characters and not begin with "http://" or "https://"';
    case 'ascii':
      return 'hold printable ASCII characters only';
    case 'json_object':
      return 'be a JSON object';
    case 'utc_time':
      return 'be a UTC time as YYYY-MM-DDThh:mm:ssZ';
    case 'id':
      return `be an id that begins with "${prefix}"`;
    case 'tag_key':
      return 'not begin with "aliyun" or "acs:", and hold neither "http://" nor "https://" nor control characters';
    case 'tag_value':
      return 'hold neither "http://" nor "https://" nor control characters';
    case 'user_name':
      return 'hold letters, digits, ".", "-" and "_" only, and not begin with "-"';
    case 'policy_name':
      return 'hold letters, digits and "-" only';
    case 'key_id':
      return 'hold letters, digits, ".", "-" and "_" only';
    default:
      return 'hold no control characters';
  }
}

function nameRule(marks: string): string {
  return `begin with a letter or a Chinese character and go on with these, digits, ${marks}`;
}

const isPlain = (text: string): boolean => !/\p{Cc}/u.test(text);
const isTagText = (text: string): boolean => isPlain(text) && !/https?:\/\//.test(text);

function isName(text: string, marks: string): boolean {
  const letter = (mark: string): boolean => /^[A-Za-z\u4e00-\u9fff]$/.test(mark);
  const all = Array.from(text);
  return letter(all[0] ?? '') && all.every((mark) => letter(mark) || /^[0-9]$/.test(mark) || marks.includes(mark));
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function isUtcTime(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text)) return false;
  const moment = new Date(text);
  // A day that does not exist becomes another.
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === text.replace('Z', '.000Z');
}
