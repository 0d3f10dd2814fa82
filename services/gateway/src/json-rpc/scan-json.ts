import { endOfString, nameOf } from './json-text.ts';

/** Where the parts of one JSON-RPC message are that must be passed on exactly as they came. */
export interface MessageText {
  /** The JSON text of `id`; undefined when there is none. */
  readonly idText?: string | undefined;
  /** The JSON text of `params`; undefined when there is none. */
  readonly paramsText?: string | undefined;
  /** The name of a member that is there twice, however it is written; undefined when there is none. */
  readonly duplicate?: string | undefined;
}

/** What is known of a JSON text before it is parsed. */
export interface JsonScan {
  /** The deepest nesting of objects and arrays; what is beyond `depthMax` is not looked at. */
  readonly depth: number;
  /** How many messages the text holds: 1, or the elements of an array. */
  readonly messageCount: number;
  /** How many values the objects and arrays hold, give or take the empty ones. */
  readonly valueCount: number;
  /** One entry a message, in order; entries of elements that are not objects are empty. */
  readonly messages: readonly MessageText[];
}

/** How far a scan goes. */
export interface ScanLimits {
  readonly depthMax: number;
  readonly messagesMax: number;
  readonly valuesMax: number;
}

interface Mutable {
  idText?: string | undefined;
  paramsText?: string | undefined;
  duplicate?: string | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Looks over a JSON text without parsing it: how deep it nests, how many messages and values it holds, so that JSON.parse
 * never sees what would cost too much; what a message says twice, of which JSON.parse keeps the last; and the text of each message's `id` and `params`, which JSON.parse does not keep
 * (a number beyond 2^53 would come back changed). Stops at the first limit. The text need not be valid.
 */
export function scanJson(text: string, limits: ScanLimits): JsonScan {
  return new Scanner(text, limits).run();
}

class Scanner {
  readonly #text: string;
  readonly #limits: ScanLimits;
  readonly #messages: Mutable[] = [{}];
  #depth = 0;
  #deepest = 0;
  /** The depth at which the members of a message are: 1, or 2 in an array. */
  #memberDepth = 1;
  #stringStart = 0;
  #stringEnd = 0;
  #key: 'idText' | 'paramsText' | undefined;
  /** The members of the message so far; bounded by `valuesMax`. */
  #names = new Set<string>();
  #valueCount = 0;
  #valueStart = 0;

  constructor(text: string, limits: ScanLimits) {
    this.#text = text;
    this.#limits = limits;
    if (text.charCodeAt(0) !== OPEN_OBJECT && /^\s*\[/.test(text)) this.#memberDepth = 2;
  }

  run(): JsonScan {
    const text = this.#text;
    const end = text.length;
    for (let index = 0; index < end; index += 1) {
      const character = text.charCodeAt(index);
      // Most characters outside of strings are white space, digits and letters: nothing to do.
      if (character === QUOTE) {
        this.#stringStart = index;
        index = endOfString(text, index);
        this.#stringEnd = index;
      } else if (character === COLON) this.#beginValue(index);
      else if (character === COMMA || (character >= OPEN_ARRAY && character !== BACKSLASH)) {
        this.#punctuate(character, index);
        if (this.#isOverLimit) break;
      }
    }
    return {
      depth: this.#deepest,
      messageCount: this.#messages.length,
      valueCount: this.#valueCount,
      messages: this.#messages,
    };
  }

  /** Takes a character that may begin or end a value. */
  #punctuate(character: number, index: number): void {
    switch (character) {
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#depth += 1;
        this.#valueCount += 1;
        if (this.#depth > this.#deepest) this.#deepest = this.#depth;
        return;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#endValue(index);
        this.#depth -= 1;
        return;
      case COMMA:
        this.#valueCount += 1;
        this.#endValue(index);
        if (this.#depth === 1 && this.#memberDepth === 2) this.#beginMessage();
        return;
      default:
    }
  }

  #beginMessage(): void {
    this.#messages.push({});
    this.#names = new Set();
  }

  #beginValue(index: number): void {
    if (this.#depth !== this.#memberDepth) return;
    const name = nameOf(this.#text.slice(this.#stringStart, this.#stringEnd + 1));
    const message = this.#messages.at(-1);
    if (message !== undefined && this.#names.has(name)) message.duplicate ??= name;
    this.#names.add(name);
    this.#key = keys.get(name);
    this.#valueStart = index + 1;
  }

  #endValue(index: number): void {
    if (this.#key === undefined || this.#depth !== this.#memberDepth) return;
    const message = this.#messages.at(-1);
    if (message !== undefined) message[this.#key] = this.#text.slice(this.#valueStart, index).trim();
    this.#key = undefined;
  }

  get #isOverLimit(): boolean {
    const { depthMax, messagesMax, valuesMax } = this.#limits;
    return this.#deepest > depthMax || this.#messages.length > messagesMax || this.#valueCount > valuesMax;
  }
}

const keys: ReadonlyMap<string, 'idText' | 'paramsText'> = new Map([
  ['id', 'idText'],
  ['params', 'paramsText'],
]);
