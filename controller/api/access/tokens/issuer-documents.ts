import type { ApiRequest } from '../../http/api-request.ts';
import type { Reply } from '../../http/reply.ts';
import { issuer, type AccountTokens } from './account-tokens.ts';

const headers = { 'Cache-Control': 'public, max-age=3600' };

/** What others need to check tokens of this cluster themselves (OpenID Connect Discovery 1.0); undefined for other paths. */
export function answerIssuerDocument(tokens: AccountTokens, request: ApiRequest): Reply | undefined {
  switch (request.segments.join('/')) {
    case '.well-known/openid-configuration':
      return { kind: 'json', code: 200, headers, body: configuration(request.headers.host ?? '') };
    case 'openid/v1/jwks':
      return {
        kind: 'bytes',
        code: 200,
        headers,
        body: JSON.stringify(tokens.keySet),
        contentType: 'application/jwk-set+json',
      };
    default:
      return undefined;
  }
}

function configuration(host: string): object {
  return {
    issuer,
    jwks_uri: `https://${host}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}
