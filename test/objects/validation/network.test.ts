import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from '../read-object.ts';
import { refusesEach } from '../refuses-each.ts';

const service = (spec: string): string => `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {${spec}}}`;
const endpoints = (subset: string): string =>
  `{apiVersion: v1, kind: Endpoints, metadata: {name: web}, subsets: [{${subset}}]}`;
const slice = (rest: string): string =>
  `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web}, ${rest}}`;
const net = (kind: string, spec: string): string =>
  `{apiVersion: networking.k8s.io/v1, kind: ${kind}, metadata: {name: web}, spec: {${spec}}}`;
const backend = 'backend: {service: {name: web, port: {number: 80}}}';
const ingress = (rule: string): string => net('Ingress', `rules: [{${rule}}]`);
const path = (text: string): string => ingress(`http: {paths: [{${text}}]}`);
const policy = (spec: string): string => net('NetworkPolicy', `podSelector: {}, ${spec}`);

describe('validation of network kinds', () => {
  it('accepts what is right', () => {
    for (const manifest of [
      service('ports: [{port: 80}]'),
      service('clusterIP: None'),
      service('type: ExternalName, externalName: db.example.com.'),
      service(
        'type: NodePort, externalTrafficPolicy: Local, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 80, protocol: UDP}]',
      ),
      service('type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80, targetPort: http}]'),
      endpoints('addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]'),
      slice('addressType: IPv6, endpoints: [{addresses: ["fd00::1"]}], ports: [{port: 80}]'),
      slice('addressType: FQDN, endpoints: [{addresses: [a.example]}]'),
      net('Ingress', `default${backend[0]?.toUpperCase()}${backend.slice(1)}`),
      ingress(`host: "*.example.com", http: {paths: [{path: /a, pathType: Prefix, ${backend}}]}`),
      path(`pathType: ImplementationSpecific, ${backend}`),
      net('IngressClass', 'controller: example.com/ingress'),
      policy(
        'ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, endPort: 90}]}]',
      ),
    ]) {
      assert.deepEqual(problemsOf(manifest), [], manifest);
    }
  });

  it('checks Services', () => {
    refusesEach(service, [
      ['', 'spec.ports: Required value'],
      [
        'ports: [{port: 0, targetPort: 1}]',
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
      [
        'ports: [{port: 80, targetPort: "80"}]',
        'spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter',
      ],
      ['ports: [{port: 80, protocol: ICMP}]', 'spec.ports[0].protocol: Unsupported value: "ICMP"'],
      ['ports: [{name: a, port: 80}, {port: 81}]', 'spec.ports[1].name: Required value'],
      ['ports: [{name: a, port: 80}, {name: a, port: 81}]', 'spec.ports[1].name: Duplicate value: "a"'],
      [
        'ports: [{name: a, port: 80}, {name: b, port: 80}]',
        'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
      ],
      ['ports: [{name: A_, port: 80}]', 'spec.ports[0].name: Invalid value: "A_"'],
      [
        'ports: [{port: 80, nodePort: 30080}]',
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      ],
      ['type: ExternalName', 'spec.externalName: Required value'],
      ['type: ExternalName, externalName: a_b', 'spec.externalName: Invalid value: "a_b"'],
      [
        'type: ExternalName, externalName: a.b, clusterIP: 10.0.0.1',
        'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
      ],
      ['type: Local, ports: [{port: 80}]', 'spec.type: Unsupported value: "Local"'],
      [
        'clusterIP: 10.0.0, ports: [{port: 80}]',
        'spec.clusterIPs[0]: Invalid value: "10.0.0": must be a valid IP address',
      ],
      [
        'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2], ports: [{port: 80}]',
        'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`',
      ],
      [
        'type: NodePort, clusterIP: None, ports: [{port: 80}]',
        'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
      ],
      [
        'ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}',
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
      ],
      ['ports: [{port: 80}], sessionAffinity: Ip', 'spec.sessionAffinity: Unsupported value: "Ip"'],
      ['ports: [{port: 80}], externalIPs: [127.0.0.1]', 'spec.externalIPs[0]: Invalid value: "127.0.0.1"'],
      [
        'ports: [{port: 80}], loadBalancerClass: a/b',
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
      [
        'ports: [{port: 80}], externalTrafficPolicy: Local',
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ],
      ['ports: [{port: 80}], selector: {"a b": c}', 'spec.selector: Invalid value: "a b"'],
    ]);
    refusesEach(
      (name) => service('ports: [{port: 80}]').replace('name: web', `name: ${name}`),
      [
        ['1st', 'metadata.name: Invalid value: "1st": a DNS-1035 label must'],
        ['a.b', 'metadata.name: Invalid value: "a.b": a DNS-1035 label must'],
      ],
    );
  });

  it('keeps the address of a Service', () => {
    const at = (ip: string): string => service(`${ip}ports: [{port: 80}]`);
    const given = 'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ';
    const other = 'clusterIP: 10.0.0.2, clusterIPs: [10.0.0.2], ';
    assert.deepEqual(updateProblemsOf(at(given), at(other)), [
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ]);
    assert.deepEqual(updateProblemsOf(at(given), service('type: ExternalName, externalName: a.b')), []);
  });

  it('checks Endpoints and EndpointSlices', () => {
    refusesEach(endpoints, [
      ['', 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
      ['addresses: [{ip: x}]', 'subsets[0].addresses[0].ip: Invalid value: "x"'],
      ['addresses: [{ip: 127.0.0.1}]', 'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1"'],
      [
        'addresses: [{ip: 10.0.0.1}], ports: [{name: a, port: 1}, {port: 2}]',
        'subsets[0].ports[1].name: Required value',
      ],
    ]);
    refusesEach(slice, [
      ['addressType: Name', 'addressType: Unsupported value: "Name": supported values: "FQDN", "IPv4", "IPv6"'],
      ['addressType: IPv4, endpoints: [{}]', 'endpoints[0].addresses: Required value: must contain at least 1 address'],
      [
        'addressType: IPv4, endpoints: [{addresses: ["fd00::1"]}]',
        'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
      ],
      ['addressType: IPv4, ports: [{port: 1}, {port: 2}]', 'ports[1].name: Duplicate value'],
      ['addressType: IPv4, ports: [{port: 70000}]', 'ports[0].port: Invalid value: 70000'],
      [
        `addressType: IPv4, endpoints: [${'{addresses: [10.0.0.1]},'.repeat(1001)}]`,
        'endpoints: Too many: 1001: must have at most 1000 items',
      ],
    ]);
    assert.deepEqual(updateProblemsOf(slice('addressType: IPv4'), slice('addressType: IPv6')), [
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });

  it('checks Ingresses and their classes', () => {
    refusesEach(
      (spec) => net('Ingress', spec),
      [
        ['', 'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
        ['defaultBackend: {}', 'spec.defaultBackend: Invalid value: "": resource or service backend is required'],
        [`default${backend.replace('b', 'B')}, tls: [{hosts: ["a_b"]}]`, 'spec.tls[0].hosts[0]: Invalid value: "a_b"'],
        [`default${backend.replace('b', 'B')}, ingressClassName: A`, 'spec.ingressClassName: Invalid value: "A"'],
      ],
    );
    refusesEach(ingress, [
      ['host: 10.0.0.1', 'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
      ['host: "a.*.b"', 'spec.rules[0].host: Invalid value: "a.*.b": a wildcard DNS-1123 subdomain must start'],
      ['host: a_b', 'spec.rules[0].host: Invalid value: "a_b"'],
      ['http: {paths: []}', 'spec.rules[0].http.paths: Required value'],
    ]);
    const at = 'spec.rules[0].http.paths[0]';
    refusesEach(path, [
      [backend, `${at}.pathType: Required value`],
      [`pathType: Glob, path: /, ${backend}`, `${at}.pathType: Unsupported value: "Glob"`],
      [`pathType: Exact, ${backend}`, `${at}.path: Invalid value: "": must be an absolute path`],
      [`pathType: Prefix, path: a, ${backend}`, `${at}.path: Invalid value: "a": must be an absolute path`],
      [`pathType: Prefix, path: /a//b, ${backend}`, `${at}.path: Invalid value: "/a//b": must not contain '//'`],
      [`pathType: Prefix, path: /a/.., ${backend}`, `${at}.path: Invalid value: "/a/..": cannot end with '/..'`],
      ['pathType: Prefix, path: /', `${at}.backend: Required value`],
      [
        'pathType: Prefix, path: /, backend: {service: {name: web}}',
        `${at}.backend: Required value: port name or number is required`,
      ],
      [
        'pathType: Prefix, path: /, backend: {service: {name: web, port: {name: a, number: 1}}}',
        `${at}.backend: Invalid value: "": cannot set both port name & port number`,
      ],
      [
        'pathType: Prefix, path: /, backend: {service: {name: web, port: {number: 1}}, resource: {kind: K, name: some}}',
        `${at}.backend: Invalid value: "": cannot set both resource and service backends`,
      ],
    ]);
    refusesEach(
      (spec) => net('IngressClass', spec),
      [
        ['', 'spec.controller: Required value'],
        ['controller: nginx', 'spec.controller: Invalid value: "nginx": must be a domain-prefixed path'],
        [
          'controller: a/b, parameters: {kind: K, name: some, scope: Namespace}',
          "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
        ],
      ],
    );
    assert.deepEqual(updateProblemsOf(net('IngressClass', 'controller: a/b'), net('IngressClass', 'controller: a/c')), [
      'spec.controller: Invalid value: "a/c": field is immutable',
    ]);
  });

  it('checks NetworkPolicies', () => {
    const peer = (text: string): string => `ingress: [{from: [{${text}}]}]`;
    const at = 'spec.ingress[0].from[0]';
    refusesEach(policy, [
      ['policyTypes: [Both]', 'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Egress", "Ingress"'],
      [peer(''), `${at}: Required value: must specify a peer`],
      [
        peer('podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}'),
        `${at}: Forbidden: may not specify both ipBlock and another peer`,
      ],
      [
        peer('ipBlock: {cidr: 10.0.0.0/40}'),
        `${at}.ipBlock.cidr: Invalid value: "10.0.0.0/40": must be a valid CIDR value`,
      ],
      [peer('ipBlock: {}'), `${at}.ipBlock.cidr: Required value`],
      [
        peer('ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}'),
        `${at}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
      ],
      [
        peer('ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}'),
        `${at}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset`,
      ],
      ['egress: [{ports: [{port: 0}]}]', 'spec.egress[0].ports[0].port: Invalid value: 0'],
      [
        'egress: [{ports: [{port: 80, endPort: 79}]}]',
        'spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
      ],
      [
        'egress: [{ports: [{port: http, endPort: 79}]}]',
        'spec.egress[0].ports[0].endPort: Forbidden: may not be specified when `port` is non-numeric',
      ],
      ['egress: [{ports: [{port: 80, protocol: ICMP}]}]', 'spec.egress[0].ports[0].protocol: Unsupported value'],
    ]);
  });
});
