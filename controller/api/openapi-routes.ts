import type { IncomingHttpHeaders } from 'node:http';
import { openApiDocument } from '../../shared/objects/openapi.ts';
import { encodeSwagger } from '../../shared/objects/swagger-protobuf.ts';
import { swaggerDocument } from '../../shared/objects/swagger.ts';
import { publishedResources } from '../../shared/objects/versions/served-version.ts';
import type { ApiRequest } from './http/api-request.ts';
import { documentReply, makeDocument, packDocument, type Document } from './http/document.ts';
import { negotiateSwagger, swaggerProtobuf } from './http/negotiation.ts';
import type { Reply } from './http/reply.ts';
import { gitVersion } from './open-paths.ts';

const far = 'Thu, 31 Dec 2099 23:59:59 GMT';

/** OpenAPI documents, one per group version and an older one of all, made at the first request for any of a kind. */
export class OpenApiRoutes {
  #documents: ReadonlyMap<string, Document> | undefined;
  readonly #swagger = new Map<'json' | 'protobuf', Document>();

  /** The answer for paths below `/openapi`; undefined for what is not there. */
  answer({ segments, query, headers }: ApiRequest): Reply | undefined {
    const [root, version, ...path] = segments;
    if (root !== 'openapi') return undefined;
    if (version === 'v2' && path.length === 0) return this.#answerV2(headers);
    if (version !== 'v3') return undefined;
    const documents = (this.#documents ??= makeDocuments());
    if (path.length === 0)
      return documentReply(rootDocument(documents), headers['if-none-match'], 'application/json', {});
    const document = documents.get(path.join('/'));
    if (document === undefined) return undefined;
    // A URL with the right hash never changes its meaning: clients keep what it names for ever.
    const isPinned = query.get('hash') === document.hash;
    const caching: Record<string, string> = isPinned
      ? { 'Cache-Control': 'public, immutable', Expires: far }
      : { 'Cache-Control': 'no-cache' };
    return documentReply(document, headers['if-none-match'], 'application/json', caching);
  }

  #answerV2(headers: IncomingHttpHeaders): Reply {
    const form = negotiateSwagger(headers.accept);
    const contentType = form === 'json' ? 'application/json' : swaggerProtobuf;
    const document = this.#swagger.get(form) ?? makeSwagger(form);
    this.#swagger.set(form, document);
    return documentReply(document, headers['if-none-match'], contentType, { 'Cache-Control': 'no-cache' });
  }
}

function makeDocuments(): Map<string, Document> {
  const paths = new Set(publishedResources.map(({ group, version }) => pathOf(group, version)));
  const entries = [...paths].map((path) => {
    const row = publishedResources.find(({ group, version }) => pathOf(group, version) === path);
    return [path, makeDocument(openApiDocument(row?.group ?? '', row?.version ?? ''))] as const;
  });
  return new Map(entries);
}

function rootDocument(documents: ReadonlyMap<string, Document>): Document {
  const entries = [...documents].map(([path, { hash }]) => {
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return makeDocument({ paths: Object.fromEntries(entries) });
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function makeSwagger(form: 'json' | 'protobuf'): Document {
  const swagger = swaggerDocument(gitVersion);
  return form === 'json' ? makeDocument(swagger) : packDocument(encodeSwagger(swagger));
}
