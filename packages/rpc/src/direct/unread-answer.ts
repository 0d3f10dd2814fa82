import { constants, type ServerHttp2Stream } from 'node:http2';

import type { Due } from '../deadline-watch.ts';

/** An answer on its way. A client that has not taken it at its deadline is cut off from it, as it would be held for as long as it likes. */
export class UnreadAnswer implements Due {
  slot = -1;
  readonly deadlineMs: number;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, deadlineMs: number) {
    this.#stream = stream;
    this.deadlineMs = deadlineMs;
  }

  timeUp(): void {
    this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#stream.destroy();
  }
}
