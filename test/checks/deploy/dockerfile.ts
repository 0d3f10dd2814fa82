/** Is one instruction of a Dockerfile, with its continued lines joined. */
export interface Instruction {
  /** `COPY`, in capitals. */
  readonly keyword: string;
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, as written. */
  readonly rest: string;
  readonly line: number;
}

/** Is one stage: `FROM base AS name` and what follows. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  /** Without FROM itself. */
  readonly instructions: readonly Instruction[];
}

/**
 * Parses a Dockerfile into its stages.
 *
 * @throws {Error} naming the line, for what is no instruction or stands before the first FROM.
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of parseInstructions(text)) {
    if (instruction.keyword === 'FROM') {
      const [base = '', as, name] = wordsOf(instruction.rest);
      stages.push({ name: as?.toUpperCase() === 'AS' && name ? name : String(stages.length), base, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`line ${instruction.line}: ${instruction.keyword} stands before FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

/** Returns the words of an instruction in shell form; an exec form is one JSON array, see `execFormOf`. */
export function wordsOf(rest: string): string[] {
  return rest.split(/\s+/).filter((word) => word !== '');
}

/** Returns the arguments of an instruction in exec form; undefined when it is in shell form. */
export function execFormOf(rest: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(rest);
    return Array.isArray(parsed) && parsed.every((part) => typeof part === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const KEYWORDS = new Set(
  'ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR'.split(' '),
);

function parseInstructions(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  let open: { readonly text: string; readonly line: number } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const joined = { text: `${open?.text ?? ''}${line}`, line: open?.line ?? index + 1 };
    if (line.endsWith('\\')) {
      open = { ...joined, text: joined.text.slice(0, -1) };
      continue;
    }
    open = undefined;
    instructions.push(parseInstruction(joined.text, joined.line));
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the last line continues into nothing`);
  return instructions;
}

function parseInstruction(text: string, line: number): Instruction {
  const [keyword = '', ...words] = wordsOf(text);
  if (!KEYWORDS.has(keyword)) throw new Error(`line ${line}: ${keyword} is no instruction that is used here`);
  const flags: Record<string, string> = {};
  let rest = text.slice(keyword.length).trimStart();
  for (const word of words) {
    const [, name, value = ''] = /^--([a-z-]+)(?:=(.*))?$/.exec(word) ?? [];
    if (name === undefined) break;
    flags[name] = value;
    rest = rest.slice(word.length).trimStart();
  }
  return { keyword, flags, rest, line };
}
