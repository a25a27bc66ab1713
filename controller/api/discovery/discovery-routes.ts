import type { ApiRequest } from '../http/api-request.ts';
import { documentReply, makeDocument, readDocument, type Document } from '../http/document.ts';
import { negotiateDiscovery, negotiateEncoding, negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './documents.ts';

/** Answers what the server serves. Documents are made at the first request for them and kept. */
export class DiscoveryRoutes {
  readonly #made = new Map<string, Document>();

  /** The answer for `/api`, `/apis`, and the group and version paths below them; undefined for other paths. */
  answer(request: ApiRequest): Reply | undefined {
    const [root, group, version, ...more] = request.segments;
    if (more.length > 0) return undefined;
    if (root === 'api' && version === undefined) {
      return group === undefined ? this.#root('api', request) : this.#resources('', group, request);
    }
    if (root !== 'apis') return undefined;
    if (group === undefined) return this.#root('apis', request);
    if (version !== undefined) return this.#resources(group, version, request);
    return this.#plain(`group ${group}`, () => apiGroup(group), request);
  }

  #root(root: 'api' | 'apis', request: ApiRequest): Reply | undefined {
    const form = negotiateDiscovery(request.headers.accept);
    const legacy = (): object => (root === 'api' ? apiVersions(request.headers.host ?? '') : apiGroupList());
    if (form === undefined) return this.#reply(makeDocument(legacy()), request, 'application/json');
    const document = this.#keep(`${root} ${form}`, () => aggregatedDiscovery(root, form));
    const type = `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`;
    return document && this.#reply(document, request, type);
  }

  #resources(group: string, version: string, request: ApiRequest): Reply | undefined {
    return this.#plain(`resources ${group}/${version}`, () => apiResourceList(group, version), request);
  }

  #plain(id: string, make: () => object | undefined, request: ApiRequest): Reply | undefined {
    const document = this.#keep(id, make);
    if (document === undefined) return undefined;
    negotiateForm(request.headers.accept, 'bare');
    return this.#reply(document, request, 'application/json');
  }

  /** Only what is served is kept, so that made-up paths cost no memory. */
  #keep(id: string, make: () => object | undefined): Document | undefined {
    const known = this.#made.get(id);
    if (known !== undefined) return known;
    const content = make();
    if (content === undefined) return undefined;
    const document = makeDocument(content);
    this.#made.set(id, document);
    return document;
  }

  #reply(document: Document, request: ApiRequest, contentType: string): Reply {
    const isYaml = contentType === 'application/json' && negotiateEncoding(request.headers.accept) === 'yaml';
    if (isYaml) return jsonReply(200, readDocument(document));
    const headers = { 'Cache-Control': 'public' };
    return documentReply(document, request.headers['if-none-match'], contentType, headers);
  }
}
