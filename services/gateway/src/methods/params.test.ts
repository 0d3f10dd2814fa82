import { describe, expect, test } from 'vitest';

import { Params } from './params.ts';

describe('Params', () => {
  test('reads what is there', () => {
    const params = new Params({ a: 'x', n: 3, f: false, t: '2025-11-22T10:00:00+01:00', l: ['a'], o: { b: 'y' } });
    expect(params.text('a')).toBe('x');
    expect(params.optionalInteger('n')).toBe(3);
    expect(params.optionalFlag('f')).toBe(false);
    expect(params.optionalTime('t')).toEqual(new Date('2025-11-22T09:00:00Z'));
    expect(params.optionalTexts('l')).toEqual(['a']);
    expect(params.nested('o').text('b')).toBe('y');
  });

  test('takes null and nothing for absent', () => {
    const params = new Params({ a: null });
    expect(params.optionalText('a')).toBeUndefined();
    expect(params.optionalInteger('b')).toBeUndefined();
    expect(params.nested('c').optionalFlag('d')).toBeUndefined();
    expect(new Params(undefined).optionalText('a')).toBeUndefined();
  });

  test('does not read what an object inherits as a value of a client', () => {
    expect(() => new Params({}).text('constructor')).toThrow('params.constructor must be a string');
  });

  test.each([null, 1, 'x', [], true])('is not made of %j', (value) => {
    expect(() => new Params(value)).toThrow('params must be an object');
  });

  test.each(['', 'yesterday', '1', '2025', '2025-13-01', '10000-01-01', '0000-01-01'])('%j is not a time', (value) => {
    expect(() => new Params({ at: value }).optionalTime('at')).toThrow('params.at must be a time in ISO 8601');
  });

  test.each(['2025-01-01', '2025-01-01T00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'])(
    '%j is a time',
    (value) => {
      expect(new Params({ at: value }).optionalTime('at')).toBeInstanceOf(Date);
    },
  );

  test.each([-1, 1.5, 2 ** 31, Number.NaN, '1', true])('%j is not a count', (value) => {
    expect(() => new Params({ n: value }).optionalInteger('n')).toThrow('whole number');
  });

  test('names the path of what is wrong, and its violation', () => {
    const [element] = new Params({ list: [{ a: 1 }] }).objects('list', 1);
    const error = (() => {
      try {
        return element?.text('a');
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'params.list[0].a', description: 'must be a string that is not empty' }],
    });
  });
});
