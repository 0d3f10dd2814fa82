import { paramsInvalid } from '../errors.ts';
import { memberText } from '../json-rpc/json-text.ts';
import { isObject } from '../json-rpc/parse-message.ts';

type Json = Readonly<Record<string, unknown>>;

const NO_FIELDS: Json = {};
const NO_BYTES = new Uint8Array(0);

/** Protobuf's uint32 holds more, but nothing here counts that far. */
const INTEGER_MAX = 2 ** 31 - 1;

/** The years that protobuf's Timestamp can say. */
const TIME_MIN_MS = Date.parse('0001-01-01T00:00:00Z');
const TIME_MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Bounds of a number. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Reads the fields of a JSON object of a client. Every method throws INVALID_ARGUMENT with the path of the field and what
 * it must be. Fields nobody reads are ignored. `null` counts as absent where a field is optional.
 */
export class Params {
  readonly #fields: Json;
  readonly #path: string;
  readonly #text: string | undefined;

  /**
   * @param text The JSON text of the value, where it is at hand.
   * @throws {AppError} PARAMS_INVALID when the value is not an object. Undefined stands for an empty one.
   */
  constructor(value: unknown, path = 'params', text?: string) {
    if (value !== undefined && !isObject(value)) throw paramsInvalid(path, 'must be an object');
    this.#fields = value ?? NO_FIELDS;
    this.#path = path;
    this.#text = text;
  }

  /** Returns a text that must be there and not be empty. */
  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value !== '') return value;
    throw this.#invalid(name, 'must be a string that is not empty');
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw this.#invalid(name, 'must be a string');
  }

  /** Returns the id of a request, or undefined. */
  optionalId(name: string): string | number | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || typeof value === 'string' || typeof value === 'number') return value;
    throw this.#invalid(name, 'must be a string or a number');
  }

  /** Returns one of the given values, or undefined. */
  optionalChoice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    throw this.#invalid(name, `must be one of ${choices.map((candidate) => `"${candidate}"`).join(', ')}`);
  }

  optionalInteger(name: string, { min = 0, max = INTEGER_MAX }: Partial<Range> = {}): number | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.#invalid(name, `must be a whole number from ${min} to ${max}`);
  }

  /** Returns a number of seconds above 0, or undefined. */
  optionalSeconds(name: string): number | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value > 0 && value <= INTEGER_MAX) return value;
    throw this.#invalid(name, 'must be a number of seconds above 0');
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#invalid(name, 'must be true or false');
  }

  /** Returns a point in time, or undefined. */
  optionalTime(name: string): Date | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) return undefined;
    const time = typeof value === 'string' && ISO_TIME.test(value) ? Date.parse(value) : Number.NaN;
    if (time >= TIME_MIN_MS && time <= TIME_MAX_MS) return new Date(time);
    throw this.#invalid(name, 'must be a time in ISO 8601, such as 2025-11-22T10:00:00Z');
  }

  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((element): element is string => typeof element === 'string')) return value;
    throw this.#invalid(name, 'must be an array of strings');
  }

  /** Returns an array of strings with at least one. */
  texts(name: string): readonly string[] {
    const texts = this.optionalTexts(name) ?? [];
    if (texts.length > 0) return texts;
    throw this.#invalid(name, 'must be an array of strings with at least one');
  }

  /** Returns the object as it came, or undefined. */
  optionalObject(name: string): Json | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || isObject(value)) return value;
    throw this.#invalid(name, 'must be an object');
  }

  /** Returns an object as JSON bytes, as it came, to be passed on; no bytes when it is absent. */
  optionalObjectJson(name: string): Uint8Array {
    const value = this.optionalObject(name);
    if (value === undefined) return NO_BYTES;
    const text = this.#text === undefined ? undefined : memberText(this.#text, name);
    return Buffer.from(text ?? JSON.stringify(value));
  }

  /** Returns a reader of the object at a field; of an empty one when the field is absent. */
  nested(name: string): Params {
    return new Params(this.#fields[name] ?? undefined, `${this.#path}.${name}`);
  }

  /** Returns readers of an array's objects, of which there is at least one. */
  objects(name: string, countMax: number): readonly Params[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || value.length === 0 || value.length > countMax) {
      throw this.#invalid(name, `must be an array of 1 to ${countMax} objects`);
    }
    return value.map((element: unknown, index) => new Params(element ?? null, `${this.#path}.${name}[${index}]`));
  }

  #invalid(name: string, expectation: string) {
    return paramsInvalid(`${this.#path}.${name}`, expectation);
  }
}
