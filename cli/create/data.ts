import { isUtf8 } from 'node:buffer';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '../../shared/errors.ts';
import { Command } from 'commander';
import { withApiOptions } from '../client/session.ts';
import { creating, type CreateOptions, type NewObject } from './creating.ts';
import { UsageError } from '../usage.ts';
import { readBytes, readValues, withValues, type ValueOptions } from './values.ts';

type ConfigMapOptions = CreateOptions & ValueOptions;
type GenericOptions = ConfigMapOptions & { type?: string };
type TlsOptions = CreateOptions & { cert: string; key: string };

interface RegistryOptions extends CreateOptions {
  dockerServer: string;
  dockerUsername: string;
  dockerPassword: string;
  dockerEmail?: string;
}

/** `create configmap settings --from-literal=level=info`. */
export function configMapCommand(): Command {
  const command = withValues(new Command('configmap').alias('cm'))
    .description('Settings, from values and files')
    .argument('<name>', 'its name');
  return creating<ConfigMapOptions>(command, makeConfigMap, [
    'berth create configmap settings --from-literal=level=info --from-file=app.conf',
    'berth create configmap site --from-file=www/ --dry-run=client -o yaml',
  ]);
}

function makeConfigMap([name = '']: string[], options: ConfigMapOptions): NewObject {
  const values = [...readValues(options)];
  const [texts, others] = [values.filter(([, value]) => isUtf8(value)), values.filter(([, value]) => !isUtf8(value))];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    ...(texts.length > 0 && { data: Object.fromEntries(texts.map(([key, value]) => [key, value.toString()])) }),
    ...(others.length > 0 && { binaryData: encode(others) }),
  };
}

/** `create secret generic|tls|docker-registry`. */
export function secretCommand(): Command {
  const command = new Command('secret')
    .description('Passwords, certificates, and logins of registries')
    .addCommand(genericCommand())
    .addCommand(tlsCommand())
    .addCommand(registryCommand());
  return withApiOptions(command, ['berth create secret generic login --from-literal=password=secret']);
}

function genericCommand(): Command {
  const command = withValues(new Command('generic'))
    .description('From values and files')
    .argument('<name>', 'its name')
    .option('--type <type>', 'its type (default: Opaque)');
  return creating<GenericOptions>(
    command,
    ([name = ''], { type, ...options }) => secret(name, type, readValues(options)),
    ['berth create secret generic login --from-literal=password=secret --from-file=ssh-key=id_ed25519'],
  );
}

function tlsCommand(): Command {
  const command = new Command('tls')
    .description('A certificate and its key')
    .argument('<name>', 'its name')
    .requiredOption('--cert <path>', 'the certificate in PEM, with those above it')
    .requiredOption('--key <path>', 'its key in PEM');
  const make = ([name = '']: string[], { cert, key }: TlsOptions): NewObject => {
    const [certificate, privateKey] = [readBytes(cert), readBytes(key)];
    checkPair(certificate, privateKey, cert, key);
    return secret(name, 'kubernetes.io/tls', [
      ['tls.crt', certificate],
      ['tls.key', privateKey],
    ]);
  };
  return creating<TlsOptions>(command, make, ['berth create secret tls site --cert=site.crt --key=site.key']);
}

/** Refuses, as kubectl does, what no server could be run with. Throws UsageError that names the files. */
function checkPair(certificate: Buffer, privateKey: Buffer, cert: string, key: string): void {
  let belongs: boolean;
  try {
    belongs = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch (error) {
    throw new UsageError(`${cert} and ${key} are not a certificate and its key in PEM: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!belongs) throw new UsageError(`the key of ${key} is not that of the certificate in ${cert}`);
}

function registryCommand(): Command {
  const command = new Command('docker-registry')
    .description('What a registry wants to know before it gives images')
    .argument('<name>', 'its name')
    .option('--docker-server <server>', 'the registry', 'https://index.docker.io/v1/')
    .requiredOption('--docker-username <name>', 'who pulls')
    .requiredOption('--docker-password <password>', 'with which password')
    .option('--docker-email <address>', 'of whom');
  return creating<RegistryOptions>(command, makeRegistrySecret, [
    'berth create secret docker-registry pull --docker-server=registry.example --docker-username=me --docker-password=…',
  ]);
}

function makeRegistrySecret([name = '']: string[], options: RegistryOptions): NewObject {
  const { dockerServer: server, dockerUsername: username, dockerPassword: password, dockerEmail: email } = options;
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const config = JSON.stringify({ auths: { [server]: { username, password, email, auth } } });
  return secret(name, 'kubernetes.io/dockerconfigjson', [['.dockerconfigjson', Buffer.from(config)]]);
}

function secret(name: string, type: string | undefined, values: Iterable<[string, Buffer]>): NewObject {
  const data = encode([...values]);
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...(type !== undefined && { type }), data };
}

function encode(values: readonly [string, Buffer][]): Record<string, string> {
  return Object.fromEntries(values.map(([key, value]) => [key, value.toString('base64')]));
}
