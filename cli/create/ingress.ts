import { Command } from 'commander';
import { UsageError } from '../usage.ts';
import { collectWhole, creating, type CreateOptions, type NewObject } from './creating.ts';

interface IngressOptions extends CreateOptions {
  class?: string;
  rule?: string[];
  defaultBackend?: string;
  annotation?: string[];
}

/** One `--rule`. */
interface Rule {
  host: string;
  path: { path: string; pathType: string; backend: object };
  /** The secret with its certificate, '' for the default one; undefined without TLS. */
  tls?: string;
}

/** `create ingress web --rule="web.example.com/*=web:80"`. */
export function ingressCommand(): Command {
  const command = new Command('ingress')
    .alias('ing')
    .description('Which requests from outside go to which service')
    .argument('<name>', 'its name')
    .option('--class <name>', 'whose ingress it is')
    .option('--rule <host/path=service:port[,tls[=secret]]>', 'a path with * at its end means all below', collectWhole)
    .option('--default-backend <service:port>', 'where everything else goes')
    .option('--annotation <key=value>', 'an annotation; may be repeated', collectWhole);
  return creating<IngressOptions>(command, makeIngress, [
    "berth create ingress web --rule='web.example.com/*=web:80,tls=web-cert'",
    'berth create ingress all --default-backend=web:http --class=nginx',
  ]);
}

function makeIngress([name = '']: string[], options: IngressOptions): NewObject {
  const { class: ingressClassName, rule = [], defaultBackend, annotation = [] } = options;
  if (rule.length === 0 && defaultBackend === undefined) {
    throw new UsageError(
      'not enough information provided: every ingress has to either specify a default-backend or a rule',
    );
  }
  const parsed = rule.map(parseRule);
  const hosts = Map.groupBy(parsed, ({ host }) => host);
  const rules = [...hosts].map(([host, each]) => ({
    ...(host !== '' && { host }),
    http: { paths: each.map(({ path }) => path) },
  }));
  const secrets = Map.groupBy(
    parsed.filter(({ tls }) => tls !== undefined),
    ({ tls }) => tls ?? '',
  );
  const tls = [...secrets].map(([secretName, each]) => ({
    hosts: [...new Set(each.map(({ host }) => host))].filter((host) => host !== ''),
    ...(secretName !== '' && { secretName }),
  }));
  const annotations = Object.fromEntries(annotation.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, ...(annotation.length > 0 && { annotations }) },
    spec: {
      ...(ingressClassName !== undefined && { ingressClassName }),
      ...(defaultBackend !== undefined && { defaultBackend: parseBackend(defaultBackend) }),
      ...(rules.length > 0 && { rules }),
      ...(tls.length > 0 && { tls }),
    },
  };
}

function parseRule(word: string): Rule {
  const [, host = '', path, backend, tls] =
    /^([\w.*-]*)(\/[^=]*)=([^,=]+:[^,=]+)(?:,tls(?:=([^,]*))?)?$/.exec(word) ?? [];
  if (path === undefined || backend === undefined) {
    throw new UsageError(`rule ${word} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
  }
  const pathType = path.endsWith('*') ? 'Prefix' : 'Exact';
  const hasTls = /,tls(=|$)/.test(word);
  return {
    host,
    path: { path: path.replace(/\*$/, ''), pathType, backend: parseBackend(backend) },
    ...(hasTls && { tls: tls ?? '' }),
  };
}

function parseBackend(word: string): object {
  const [name = '', port = '', ...rest] = word.split(':');
  if (name === '' || port === '' || rest.length > 0) throw new UsageError(`"${word}" is not SERVICE:PORT`);
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}
