import type { ConnectionShare } from './connection-load.ts';
import type { MessageWindow } from './message-window.ts';

/** Counts what a window lets in for all connections of its kind too. */
export function withShare(window: MessageWindow, share: ConnectionShare): MessageWindow {
  return {
    begin(size) {
      window.begin(size);
      share.begin(size);
    },
    end(size, answerBytes) {
      window.end(size, answerBytes);
      share.end(size);
    },
    get inFlight() {
      return window.inFlight;
    },
    get isFull() {
      return window.isFull || share.isFull;
    },
  };
}
