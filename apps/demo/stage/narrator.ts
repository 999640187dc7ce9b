import { styleText } from 'node:util';

/** Where the story is told; `isTerminal` allows colours and lines that change. */
export interface Stage {
  readonly stream: NodeJS.WritableStream;
  readonly isTerminal: boolean;
}

/** A claim of the story that turned out not to hold. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** Tells the story line by line, and counts what was checked. */
export class Narrator {
  private chapters = 0;
  checksPassed = 0;

  constructor(readonly stage: Stage) {}

  title(text: string): void {
    this.line(this.style('bold', text));
  }

  chapter(text: string): void {
    this.chapters += 1;
    this.line('');
    this.line(this.style('bold', `${this.chapters}. ${text}`));
  }

  say(text: string): void {
    this.line(`  ${text}`);
  }

  /** Shows a claim with its tick. @throws CheckFailed when it does not hold; `found` says what is there instead */
  check(claim: string, holds: boolean, found?: unknown): void {
    if (!holds) throw new CheckFailed(found === undefined ? claim : `${claim} (found: ${found})`);
    this.checksPassed += 1;
    this.line(`  ${this.style('green', '✔')} ${claim}`);
  }

  failed(text: string): void {
    this.line(`  ${this.style('red', '✘')} ${text}`);
  }

  /** Text that is less than the story: hints, figures. */
  aside(text: string): void {
    this.line(`    ${this.style('dim', text)}`);
  }

  private line(text: string): void {
    this.stage.stream.write(`${text}\n`);
  }

  private style(format: 'bold' | 'dim' | 'green' | 'red', text: string): string {
    return this.stage.isTerminal ? styleText(format, text) : text;
  }
}
