// A terminal with lines that stay above a block that is drawn over. It knows nothing of what is shown.

/** What a screen writes to: stderr, or a test. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Characters in a line, where known. */
  readonly columns?: number;
}

/** Up to the line's begin and `lines` up, then clear to the end of the screen. */
function eraser(lines: number): string {
  return lines === 0 ? "" : `\r\u001b[${lines}A\u001b[0J`;
}

/** Holds how many lines the terminal shows of the block; every write ends at the begin of a line. */
export class Screen {
  readonly #terminal: Terminal;
  #block: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws `block` in place of the one before; lines must fit the terminal's width. */
  draw(block: readonly string[]): void {
    if (block.length + this.#block.length === 0) return;
    this.#terminal.write(eraser(this.#block.length) + text(block));
    this.#block = block;
  }

  /** Adds a line that stays, above the block. */
  say(line: string): void {
    this.#terminal.write(eraser(this.#block.length) + text([line]) + text(this.#block));
  }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
