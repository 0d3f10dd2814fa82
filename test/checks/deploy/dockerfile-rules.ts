import { NODE_FLAGS } from '@gantry/runtime/node-flags';

import { execFormOf, type Instruction, parseDockerfile, type Stage, wordsOf } from './dockerfile.ts';

/** Says what a Dockerfile is checked against. */
export interface DockerfileRules {
  /** The targets it must have. */
  readonly targets: readonly string[];
  /** Says whether a path of the build context exists and is not ignored. */
  readonly isInContext: (path: string) => boolean;
}

/** `name:version`, with all three numbers or a digest: the same tomorrow as today. */
const PINNED_BASE = /@sha256:[0-9a-f]{64}$|:\d+\.\d+\.\d+(?:-[\w.-]+)?$/;
const NON_ROOT_USER = /^[1-9]\d*:[1-9]\d*$/;
const SECRET_NAME = /SECRET|PASSWORD|TOKEN|API_KEY|DATABASE_URL/;

/** Returns what is wrong with a Dockerfile, one line each. */
export function dockerfileProblems(text: string, { targets, isInContext }: DockerfileRules): string[] {
  const stages = parseDockerfile(text);
  const stageByName = new Map(stages.map((stage) => [stage.name, stage]));
  const problems = stages.flatMap((stage) => [
    ...(stageByName.has(stage.base) || PINNED_BASE.test(stage.base)
      ? []
      : [`stage ${stage.name}: its base ${stage.base} is not pinned`]),
    ...stage.instructions.flatMap((instruction) => copyProblems(instruction, stageByName, isInContext)),
    ...secretProblems(stage),
  ]);
  for (const target of targets) {
    const stage = stageByName.get(target);
    if (stage === undefined) problems.push(`there is no target ${target}`);
    else problems.push(...targetProblems(inherit(stage, stageByName), { target, isInContext }));
  }
  return problems;
}

/** Returns the names of all variables a Dockerfile sets. */
export function environmentNames(text: string): string[] {
  return parseDockerfile(text)
    .flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'ENV'))
    .flatMap(({ rest }) => wordsOf(rest).map((pair) => pair.split('=', 1)[0] ?? ''));
}

function copyProblems(
  { keyword, flags, rest, line }: Instruction,
  stages: ReadonlyMap<string, Stage>,
  isInContext: (path: string) => boolean,
): string[] {
  if (keyword !== 'COPY') return [];
  const { from } = flags;
  if (from !== undefined) return stages.has(from) ? [] : [`line ${line}: there is no stage ${from} to copy from`];
  return wordsOf(rest)
    .slice(0, -1)
    .filter((path) => !isInContext(path))
    .map((path) => `line ${line}: ${path} does not exist or is ignored`);
}

function secretProblems({ instructions }: Stage): string[] {
  return instructions
    .filter(({ keyword, rest }) => (keyword === 'ENV' || keyword === 'ARG') && SECRET_NAME.test(rest))
    .map(({ keyword, line }) => `line ${line}: ${keyword} would keep a secret in the image`);
}

/** Returns the instructions of a stage and, before them, those of the stages it is based on. */
function inherit(stage: Stage, stages: ReadonlyMap<string, Stage>): Instruction[] {
  const base = stages.get(stage.base);
  return [...(base === undefined ? [] : inherit(base, stages)), ...stage.instructions];
}

function targetProblems(
  instructions: readonly Instruction[],
  { target, isInContext }: { readonly target: string; readonly isInContext: (path: string) => boolean },
): string[] {
  const last = (keyword: string): string =>
    instructions.findLast((instruction) => instruction.keyword === keyword)?.rest ?? '';
  const problems: string[] = [];
  if (!NON_ROOT_USER.test(last('USER'))) problems.push('does not end with a numeric user that is not root');
  if (last('EXPOSE') === '') problems.push('exposes no port');
  const [, check = ''] = /^CMD (.*)$/.exec(last('HEALTHCHECK').replace(/^(?:--\S+\s+)*/, '')) ?? [];
  if (execFormOf(check) === undefined) problems.push('has no HEALTHCHECK in exec form');
  const [command, ...args] = execFormOf(last('ENTRYPOINT')) ?? [];
  const flags = args.slice(0, -1);
  const script = args.at(-1) ?? '';
  // A shell in between would not pass SIGTERM on.
  if (command !== 'node') problems.push('has no ENTRYPOINT ["node", "flag", "path"]');
  else if (flags.join(' ') !== NODE_FLAGS.join(' ')) problems.push(`does not start node with ${NODE_FLAGS.join(' ')}`);
  else if (!isInContext(script)) problems.push(`runs ${script}, which does not exist or is ignored`);
  else if (!isCopied(script, instructions)) problems.push(`runs ${script}, which is copied by no instruction`);
  return problems.map((problem) => `target ${target} ${problem}`);
}

function isCopied(script: string, instructions: readonly Instruction[]): boolean {
  return instructions.some(
    ({ keyword, rest, flags }) =>
      keyword === 'COPY' &&
      flags['from'] === undefined &&
      wordsOf(rest)
        .slice(0, -1)
        .some((path) => script === path || script.startsWith(`${path}/`)),
  );
}
