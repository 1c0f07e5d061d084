/** The words of a pasted shell command, as a POSIX shell would split them. Nothing is expanded or run. */

/** The words, and whether something in them would have been filled in by the shell. */
export interface ShellWords {
  words: string[];
  /** Names of variables and command substitutions, which only the shell could replace. */
  unfilled: string[];
}

/** Splits a command into words, with quotes, escapes, `$'…'` and continued lines read. */
export function splitWords(command: string): ShellWords {
  const reader = new Reader(command);
  return reader.read();
}

const ANSI: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"', 0: '\0' };

class Reader {
  private readonly text: string;
  private at = 0;
  private word: string | undefined;
  private readonly words: string[] = [];
  private readonly unfilled: string[] = [];

  constructor(text: string) {
    this.text = text.replace(/\r\n/g, '\n');
  }

  read(): ShellWords {
    while (this.at < this.text.length) this.step();
    this.endWord();
    return { words: this.words, unfilled: this.unfilled };
  }

  private step(): void {
    const mark = this.take();
    if (/\s/.test(mark)) this.endWord();
    else if (mark === "'") this.append(this.until("'"));
    else if (mark === '"') this.doubleQuoted();
    else if (mark === '$' && this.text[this.at] === "'") this.ansiQuoted();
    else if (mark === '\\') this.escaped();
    else this.plain(mark);
  }

  private take(): string {
    const mark = this.text[this.at] ?? '';
    this.at += 1;
    return mark;
  }

  private append(text: string): void {
    this.word = (this.word ?? '') + text;
  }

  private endWord(): void {
    if (this.word !== undefined) this.words.push(this.word);
    this.word = undefined;
  }

  private until(end: string): string {
    const stop = this.text.indexOf(end, this.at);
    const inside = this.text.slice(this.at, stop < 0 ? undefined : stop);
    this.at = stop < 0 ? this.text.length : stop + 1;
    return inside;
  }

  private escaped(): void {
    const next = this.take();
    if (next !== '\n') this.append(next);
  }

  private plain(mark: string): void {
    if (mark === '$' || mark === '`') this.noteUnfilled(mark);
    this.append(mark);
  }

  private noteUnfilled(mark: string): void {
    const name = mark === '`' ? '`…`' : /^(?:\{\w+\}|\w+|\(.*?\))/.exec(this.text.slice(this.at))?.[0];
    if (name !== undefined) this.unfilled.push(mark === '`' ? name : `$${name}`);
  }

  private doubleQuoted(): void {
    this.append('');
    while (this.at < this.text.length) {
      const mark = this.take();
      if (mark === '"') return;
      if (mark === '\\') {
        const next = this.take();
        if (next !== '\n') this.append(/["\\$`]/.test(next) ? next : `\\${next}`);
      } else this.plain(mark);
    }
  }

  private ansiQuoted(): void {
    this.at += 1;
    this.append('');
    while (this.at < this.text.length) {
      const mark = this.take();
      if (mark === "'") return;
      this.append(mark === '\\' ? this.ansiEscape() : mark);
    }
  }

  private ansiEscape(): string {
    const code = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(this.text.slice(this.at));
    if (code) {
      this.at += code[0].length;
      const point = parseInt(code[1] ?? code[2] ?? code[3] ?? '0', 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : '';
    }
    const mark = this.take();
    return ANSI[mark] ?? `\\${mark}`;
  }
}
