import { RE2JS } from 're2js';

/**
 * Compiles the patterns of schemas, in time linear to the text they are matched with: schemas come from people, and
 * `^(a+)+$` costs a backtracking engine seconds on 27 characters. Look-around and back-references are refused.
 *
 * Ajv wants a function with a `code` that would rebuild it in generated code, which we never generate.
 */
export const safeRegExp = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return {
      test: (text: string) => compiled.matcher(text).find(),
      // Ajv tells the patterns of a schema apart by this text: without it all of them are the first one.
      toString: () => pattern,
    };
  },
  { code: 'safeRegExp' },
);
