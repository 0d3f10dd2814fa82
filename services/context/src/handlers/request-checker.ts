import type { FieldViolation } from '@gantry/errors';

import { requestInvalid } from '../errors.ts';

/** How long a text may be. */
export interface TextLimits {
  readonly charactersMin?: number;
  readonly charactersMax: number;
}

/** Collects everything that is wrong with a request, so that its caller can mend it at once. */
export class RequestChecker {
  readonly #violations: FieldViolation[] = [];

  /** Checks a text. PostgreSQL cannot hold a NUL, and no name or word has one. */
  text(field: string, value: string, { charactersMin = 0, charactersMax }: TextLimits): this {
    if (value.length < charactersMin) return this.violation(field, 'must not be empty');
    if (value.length > charactersMax) {
      return this.violation(field, `has ${value.length} characters; at most ${charactersMax} are allowed`);
    }
    return value.includes('\0') ? this.violation(field, 'must not have a NUL character') : this;
  }

  /** Checks how many things a list has. */
  count(field: string, count: number, countMax: number): this {
    return count <= countMax ? this : this.violation(field, `has ${count} entries; at most ${countMax} are allowed`);
  }

  /** Checks how many results are asked for; 0 stands for the default. */
  size(field: string, size: number, sizeMax: number): this {
    return size <= sizeMax ? this : this.violation(field, `must be 1 to ${sizeMax}, or 0 for the default`);
  }

  violation(field: string, description: string): this {
    this.#violations.push({ field, description });
    return this;
  }

  /** @throws {AppError} CONTEXT_REQUEST_INVALID when anything is wrong. */
  done(): void {
    if (this.#violations.length > 0) throw requestInvalid(this.#violations);
  }
}
