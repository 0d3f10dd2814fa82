import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { composeProblems, parseComposeFile } from './deploy/compose-rules.ts';
import { createContextCheck, readContextCheck } from './deploy/docker-context.ts';
import { dockerfileProblems, environmentNames } from './deploy/dockerfile-rules.ts';
import { environmentProblems, serviceNames, targetNames, unknownNames } from './deploy/env-names.ts';
import { inNamespace, manifestProblems, parseYaml, readManifestTree } from './deploy/manifests.ts';
import {
  createComposeSchema,
  createKubernetesSchema,
  createKustomizationSchema,
  createPrometheusSchema,
} from './deploy/schemas.ts';
import { root } from './repository.ts';
import { createTree } from './temporary-tree.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Replaces text that must be there, so that a test whose subject has changed fails. */
function edit(text: string, from: string | RegExp, to: string): string {
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`nothing to replace: ${String(from)}`);
  return edited;
}

describe('the Dockerfile', () => {
  const dockerfile = read('deploy/Dockerfile');
  const isInContext = readContextCheck(root);
  const problemsOf = (text: string): string[] => dockerfileProblems(text, { targets: targetNames, isInContext });

  test('has a target for every service, copies what exists and runs as nobody', () => {
    expect(problemsOf(dockerfile)).toEqual([]);
  });

  test('sets only variables that something reads', () => {
    expect(environmentNames(dockerfile)).toContain('ADMIN_PORT');
    expect(unknownNames(environmentNames(dockerfile))).toEqual([]);
  });

  test.each([
    [
      'a COPY source that is missing',
      'COPY services/tool services/tool',
      'COPY services/tools services/tool',
      'services/tools does not exist',
    ],
    [
      'a COPY source that is ignored',
      'COPY test/package.json test/package.json',
      'COPY test test',
      'test does not exist or is ignored',
    ],
    ['a stage that is missing', '--from=manifests', '--from=manifest', 'there is no stage manifest'],
    ['a target that is missing', 'FROM runtime AS gateway', 'FROM runtime AS gate', 'there is no target gateway'],
    ['root', 'USER 65532:65532', 'USER root', 'target auth does not end with a numeric user'],
    [
      'a user that Kubernetes cannot tell from root',
      'USER 65532:65532',
      'USER node',
      'target auth does not end with a numeric user',
    ],
    ['a base that moves', 'node:24.22.2-bookworm-slim', 'node:24', 'its base node:24 is not pinned'],
    ['a secret', 'ENV NODE_ENV=production', 'ENV GANTRY_CLUSTER_SECRET=abc', 'would keep a secret'],
    [
      'an entry point behind a shell',
      '["node", "--min-semi-space-size=16", "--max-semi-space-size=16", "services/auth/src/main.ts"]',
      'node services/auth/src/main.ts',
      'target auth has no ENTRYPOINT',
    ],
    [
      'an entry point that is not copied',
      'services/auth/src/main.ts"]',
      'services/context/src/main.ts"]',
      'copied by no instruction',
    ],
    ['other flags of node', '"--max-semi-space-size=16", ', '', 'target auth does not start node with'],
    ['no health check', /HEALTHCHECK[^\n]*\\\n[^\n]*\n/, '', 'target auth has no HEALTHCHECK'],
  ])('is caught with %s', (_, from, to, problem) => {
    expect(problemsOf(edit(dockerfile, from, to))).toContainEqual(expect.stringContaining(problem));
  });

  test('the last rule of .dockerignore that matches decides', () => {
    using tree = createTree({ 'a/b.ts': '', 'a/b.test.ts': '', 'c/.env': '' });
    const isSent = createContextCheck(tree.folder, '# comment\n*\n!a\n**/*.test.ts\n**/.env\n');
    expect(['a', 'a/b.ts', 'a/b.test.ts', 'a/missing.ts', 'c', 'c/.env'].filter(isSent)).toEqual(['a', 'a/b.ts']);
  });

  test('secrets and history never reach the builder', () => {
    using tree = createTree({ '.env': '', '.git/HEAD': '', 'services/auth/.env.local': '', 'services/auth/a.ts': '' });
    const isSent = createContextCheck(tree.folder, read('.dockerignore'));
    const paths = ['.env', '.git', '.git/HEAD', 'services/auth/.env.local', 'services/auth/a.ts'];
    expect(paths.filter(isSent)).toEqual(['services/auth/a.ts']);
  });
});

describe('the compose file', () => {
  const compose = read('docker-compose.yml');
  const validate = createComposeSchema();
  const problemsOf = (text: string): string[] => {
    const document: unknown = parse(text, { merge: true });
    const invalid = validate(document);
    return invalid.length > 0 ? invalid : composeProblems(parseComposeFile(document), { targets: serviceNames });
  };

  test('runs every service, hardened, with secrets from outside', () => {
    expect(problemsOf(compose)).toEqual([]);
  });

  test.each(serviceNames)('gives %s the variables it reads and no others', (name) => {
    const { services } = parseComposeFile(parse(compose, { merge: true }));
    const env = Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, String(value)]);
    expect(environmentProblems(name, Object.fromEntries(env))).toEqual([]);
  });

  test.each([
    ['an unknown field', 'mem_limit: 1g', 'memory_limit: 1g', 'must NOT have additional properties: memory_limit'],
    [
      'a port on every interface',
      '127.0.0.1:${GATEWAY_HTTP_PORT:-8000}',
      '${GATEWAY_HTTP_PORT:-8000}',
      'publishes a port',
    ],
    [
      'a privileged container',
      'pids_limit: 64',
      'pids_limit: 64\n    privileged: true',
      'service redis: is privileged',
    ],
    ['a secret in the file', /\$\{AUTH_BOOTSTRAP_API_KEY[^}]*\}/, 'gk_1', 'does not require AUTH_BOOTSTRAP_API_KEY'],
    ['a network that is missing', 'networks: [services]', 'networks: [monitoring]', 'has no network monitoring'],
    ['an image that moves', 'redis:8.2-bookworm', 'redis:latest', 'has an image without a version'],
    ['a target that is missing', 'target: tool', 'target: tools', 'not built from a target'],
    ['no time to stop', 'stop_grace_period: 45s', 'stop_grace_period: 10s', 'may need 38 s to stop'],
  ])('is caught with %s', (_, from, to, problem) => {
    expect(problemsOf(edit(compose, from, to))).toContainEqual(expect.stringContaining(problem));
  });

  test('its Prometheus reads a good configuration', () => {
    expect(createPrometheusSchema()(parse(read('deploy/prometheus.yml')))).toEqual([]);
  });
});

describe('the environment of a deployment', () => {
  test('is caught with a variable the service does not read, and without one it needs', () => {
    expect(environmentProblems('gateway', { GANTRY_CLUSTER_SECRET: '', DATABASE_URL: '' })).toEqual([
      'gateway: does not read DATABASE_URL',
    ]);
    expect(environmentProblems('context', { DATABASE_URL_FILE: '' })).toEqual(['context: needs GANTRY_CLUSTER_SECRET']);
    expect(unknownNames(['LOG_LEVEL', 'DATABASE_URL_FILE', 'GATEWAY_PORT'])).toEqual(['GATEWAY_PORT']);
  });
});

describe('the manifests', () => {
  const tree = readManifestTree(join(root, 'deploy/k8s'));
  const validate = createKubernetesSchema();
  const base = tree.objects.filter(({ path }) => path.startsWith('base/')).map(({ document }) => document);
  const text = base.map((document) => JSON.stringify(document, undefined, 2)).join('\n---\n');
  const problemsOf = (yaml: string): string[] => {
    const documents = parseYaml(yaml);
    const invalid = documents.flatMap(validate);
    return invalid.length > 0 ? invalid : manifestProblems(inNamespace(documents, 'gantry'), validate);
  };

  test.each(tree.kustomizations)('$path is a good kustomization', ({ document }) => {
    expect(createKustomizationSchema()(document)).toEqual([]);
  });

  test.each([...new Set(tree.objects.map(({ path }) => path))])('%s has good objects', (path) => {
    const documents = tree.objects.filter((object) => object.path === path).map(({ document }) => document);
    expect(documents.flatMap(validate)).toEqual([]);
  });

  test.each(serviceNames)('base/%s has everything a team owns', (name) => {
    const kinds = tree.objects
      .filter(({ path }) => path.startsWith(`base/${name}/`))
      .map(({ document }) => (document as { readonly kind: string }).kind); // Every document has passed the schema.
    expect(kinds).toEqual(
      expect.arrayContaining(['Deployment', 'Service', 'ServiceAccount', 'PodDisruptionBudget', 'NetworkPolicy']),
    );
  });

  test('the base is restricted, complete, and open exactly where its services call each other', () => {
    expect(problemsOf(text)).toEqual([]);
  });

  test('the base and the stores for development go together', () => {
    const stores = tree.objects.filter(({ path }) => path.startsWith('overlays/dev/')).map(({ document }) => document);
    expect(manifestProblems(inNamespace([...base, ...stores], 'gantry'), validate)).toEqual([]);
  });

  test.each([
    [
      'a privileged pod',
      '"allowPrivilegeEscalation": false',
      '"allowPrivilegeEscalation": false, "privileged": true',
      'container service is privileged',
    ],
    ['an unknown field', '"containerPort": 9090', '"containerPortz": 9090', 'containerPortz'],
    ['a wrong type', '"maxReplicas": 6', '"maxReplicas": "six"', '/spec/maxReplicas must be integer'],
    [
      'a kind that does not exist',
      '"kind": "PodDisruptionBudget"',
      '"kind": "PodBudget"',
      'no schema for policy/v1 PodBudget',
    ],
    ['root', '"runAsNonRoot": true', '"runAsNonRoot": false', 'may run as root'],
    ['capabilities', '"drop": [', '"add": ["NET_ADMIN"], "drop": [', 'adds capabilities'],
    [
      'a root file system to write to',
      '"readOnlyRootFilesystem": true',
      '"readOnlyRootFilesystem": false',
      'can write to',
    ],
    ['no seccomp profile', '"type": "RuntimeDefault"', '"type": "Unconfined"', 'has no seccomp profile'],
    [
      'the network of the node',
      '"enableServiceLinks": false',
      '"enableServiceLinks": false, "hostNetwork": true',
      'shares a namespace',
    ],
    [
      'a folder of the node',
      '"containers": [',
      '"volumes": [{ "name": "a", "hostPath": { "path": "/" } }], "containers": [',
      'has a volume of type hostPath',
    ],
    [
      'a token',
      '"automountServiceAccountToken": false,\n',
      '"automountServiceAccountToken": true,\n',
      'mounts a token',
    ],
    [
      'no limit of memory',
      /"limits": \{\s*"cpu": "1",\s*"memory": "[^"]*"/,
      '"limits": { "cpu": "1"',
      'lacks resources: limits.memory',
    ],
    ['an image that moves', 'gantry/auth:dev', 'gantry/auth:latest', 'has an image without a version'],
    ['no probe', /,\s*"livenessProbe": \{[^]*?"failureThreshold": 3\s*\}/, '', 'lacks a livenessProbe'],
    ['a password', 'dns:///auth-grpc:50055', 'redis://user:password@redis:6379', 'has a password in AUTH_ADDRESS'],
    ['an address nobody serves', 'dns:///auth-grpc:50055', 'dns:///auth-grpc:50056', 'no headless Service at'],
    [
      'a call that no policy allows',
      /"port": 50054(\s*\}\s*\]\s*\},\s*\{\s*"from")/,
      '"port": 50064$1',
      'gateway -> resource:50054: no policy lets it arrive',
    ],
    [
      'a call that nobody makes',
      /\{\s*"name": "TOOL_ADDRESS",[^}]*\},/,
      '',
      'gateway -> tool:50053: a policy allows what nobody needs',
    ],
    ['a policy for everybody', /"from": \[[^\]]*\],\s*"ports"/, '"ports"', 'NetworkPolicy/auth: lets anybody in'],
    [
      'no default policy',
      /("default-deny"\s*\},\s*"spec": \{\s*"podSelector": \{\},\s*"policyTypes": \[)\s*"Ingress",/,
      '$1',
      'no NetworkPolicy denies everything',
    ],
    [
      'a grace that is too short',
      '"terminationGracePeriodSeconds": 50',
      '"terminationGracePeriodSeconds": 30',
      'is killed after 30 s, but may need 43 s',
    ],
    [
      'a store no policy lets it reach',
      '"gantry/postgres": "client"\n        }',
      '"a": "b" }',
      'the label gantry/postgres of its pods',
    ],
    [
      'an autoscaler of nothing',
      '"kind": "Deployment",\n      "name": "tool"',
      '"kind": "Deployment",\n      "name": "tools"',
      'scales Deployment/tools',
    ],
    ['a port that no container has', '"targetPort": "http"', '"targetPort": "https"', 'no container has a port https'],
    ['a variable nobody reads', '"name": "ADMIN_PORT"', '"name": "ADMIN_PORTS"', 'does not read ADMIN_PORTS'],
  ])('are caught with %s', (_, from, to, problem) => {
    expect(problemsOf(edit(text, from, to))).toContainEqual(expect.stringContaining(problem));
  });
});
