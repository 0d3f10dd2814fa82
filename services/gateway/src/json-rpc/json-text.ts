const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/**
 * Returns the JSON text of a member of an object, as it came: what is passed on need not be written again, and a number beyond
 * 2^53 stays what it is. Of several members of one name it is the last, as with JSON.parse. Undefined when there is none.
 *
 * @param text An object that JSON.parse accepts, and not too deep.
 */
export function memberText(text: string, name: string): string | undefined {
  let found: string | undefined;
  let index = text.indexOf('{') + 1;
  while (index > 0 && index < text.length) {
    const quote = text.indexOf('"', index);
    if (quote === -1) break;
    const keyEnd = endOfString(text, quote);
    const start = skipSpace(text, text.indexOf(':', keyEnd) + 1);
    const end = endOfValue(text, start);
    if (nameOf(text.slice(quote, keyEnd + 1)) === name) found = text.slice(start, end).trimEnd();
    index = end + 1;
  }
  return found;
}

/** Returns the name that a JSON string stands for: `"\u0069d"` is `id`. */
export function nameOf(text: string): string {
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    // The whole is not valid either, and will not be parsed.
    return text;
  }
}

/** Returns the index of the quote that ends the string whose first quote is at `start`; the last index when none does. */
export function endOfString(text: string, start: number): number {
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length - 1;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** Returns where the comma or bracket is that ends the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) index = endOfString(text, index);
    else if (character === OPEN_OBJECT || character === OPEN_ARRAY) depth += 1;
    else if (character === CLOSE_OBJECT || character === CLOSE_ARRAY) {
      if (depth === 0) return index;
      depth -= 1;
    } else if (character === COMMA && depth === 0) return index;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let index = start;
  while (text.charCodeAt(index) <= SPACE) index += 1;
  return index;
}
