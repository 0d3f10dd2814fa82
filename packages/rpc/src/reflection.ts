import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { handleBidiStreamingCall, MethodDefinition, Server } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/** Both published versions of the reflection API; most tools still ask for the first. */
const SERVICES = ['grpc.reflection.v1alpha.ServerReflection', 'grpc.reflection.v1.ServerReflection'];
const METHOD = 'ServerReflectionInfo';

interface ReflectionMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: handleBidiStreamingCall<unknown, unknown>;
}

/**
 * Adds server reflection that lists the named services of our protos. The index of the descriptors is built at the first
 * question: it costs half a second that most servers never need.
 */
export function addReflection(server: Server, serviceNames: readonly string[]): void {
  let methods: ReadonlyMap<string, ReflectionMethod> | undefined;
  const methodAt = (path: string): ReflectionMethod => {
    methods ??= loadReflection(serviceNames);
    const method = methods.get(path);
    if (method === undefined) throw new Error(`@grpc/reflection does not serve ${path}`);
    return method;
  };
  for (const name of SERVICES) {
    const path = `/${name}/${METHOD}`;
    const definition: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (message) => methodAt(path).definition.requestSerialize(message),
      requestDeserialize: (bytes) => methodAt(path).definition.requestDeserialize(bytes),
      responseSerialize: (message) => methodAt(path).definition.responseSerialize(message),
      responseDeserialize: (bytes) => methodAt(path).definition.responseDeserialize(bytes),
    };
    const handler: handleBidiStreamingCall<unknown, unknown> = (call) => methodAt(path).handler(call);
    server.addService({ [METHOD]: definition }, { [METHOD]: handler });
  }
}

function loadReflection(serviceNames: readonly string[]): ReadonlyMap<string, ReflectionMethod> {
  const descriptors = loadFileDescriptorSetFromBuffer(readFileSync(descriptorsPath()));
  const methods = new Map<string, ReflectionMethod>();
  new ReflectionService(descriptors, { services: [...serviceNames] }).addToServer({
    addService(service, implementation) {
      for (const [name, definition] of Object.entries(service)) {
        // Reflection has this one method, and it streams both ways.
        methods.set(definition.path, { definition, handler: implementation[name] as ReflectionMethod['handler'] });
      }
    },
  });
  return methods;
}

function descriptorsPath(): string {
  return fileURLToPath(import.meta.resolve('@gantry/protocol/descriptors.binpb'));
}
