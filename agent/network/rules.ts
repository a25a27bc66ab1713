import { ApiError } from '../../shared/errors.ts';
import { type ApiEndpoint, apiService } from '../../shared/objects/api-endpoint.ts';
import { run } from '../host/run.ts';
import type { HostPort } from './host-ports.ts';

export interface RuleSet {
  table: string;
  bridge: string;
  podCIDR: string;
  ports: readonly HostPort[];
  /** Where the API listens; undefined when it is out of reach. */
  api: ApiEndpoint | undefined;
}

/**
 * The nft table of one agent, replaced as a whole in one transaction.
 * - raw: pods must not reach the node's loopback, which route_localnet would allow; answers to forwarded connections
 *   still carry the bridge's address here and pass.
 * - api: what pods send to the address of the API's Service goes to where the API listens, be it the node's loopback.
 * - ports: to any address of the node, from outside and from the node itself, 127.0.0.1 too.
 * - masquerade: what leaves for the world; what comes from loopback; a pod that reaches itself through the node.
 */
export function ruleText({ table, bridge, podCIDR, ports, api }: RuleSet): string {
  const anywhere = ports.filter(({ hostIP }) => hostIP === '');
  const bound = ports.filter(({ hostIP }) => hostIP !== '');
  const target = ({ podIP, containerPort }: HostPort): string => `${podIP} . ${String(containerPort)}`;
  const key = ({ protocol, hostPort }: HostPort): string => `${protocol.toLowerCase()} . ${String(hostPort)}`;
  const elements = (list: string[]): string => (list.length === 0 ? '' : `elements = { ${list.join(', ')} };`);
  const rules = `
      dnat ip to ip daddr . meta l4proto . th dport map @bound
      fib daddr type local dnat ip to meta l4proto . th dport map @anywhere`;
  return `
    table ip ${table} {
    }
    delete table ip ${table}
    table ip ${table} {
      map anywhere {
        type inet_proto . inet_service : ipv4_addr . inet_service;
        ${elements(anywhere.map((port) => `${key(port)} : ${target(port)}`))}
      }
      map bound {
        type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service;
        ${elements(bound.map((port) => `${port.hostIP} . ${key(port)} : ${target(port)}`))}
      }
      chain raw {
        type filter hook prerouting priority raw; policy accept;
        iifname "${bridge}" ip daddr 127.0.0.0/8 drop
      }
      chain prerouting {
        type nat hook prerouting priority dstnat; policy accept;
        ${api === undefined ? '' : apiRule(bridge, api)}
        ${rules}
      }
      chain output {
        type nat hook output priority -100; policy accept;
        ${rules}
      }
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "${bridge}" ip saddr 127.0.0.0/8 masquerade
        oifname "${bridge}" ip saddr ${podCIDR} ct status dnat masquerade
        oifname != "${bridge}" ip saddr ${podCIDR} ip daddr != ${podCIDR} masquerade
      }
    }
  `;
}

function apiRule(bridge: string, { host, port }: ApiEndpoint): string {
  return `iifname "${bridge}" ip daddr ${apiService.host} tcp dport ${apiService.port} dnat to ${host}:${port}`;
}

export async function applyRules(rules: RuleSet): Promise<void> {
  const { code, stderr } = await run('nft', ['-f', '-'], { input: ruleText(rules), timeoutMs: 15_000 });
  if (code !== 0) throw new ApiError('InternalError', `host port rules: ${stderr.trim()}`);
}

export async function hasRules(table: string): Promise<boolean> {
  const { code } = await run('nft', ['list', 'chain', 'ip', table, 'postrouting'], { timeoutMs: 15_000 });
  return code === 0;
}
