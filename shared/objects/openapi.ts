import { openApiPaths } from './openapi-paths.ts';
import { componentsFor, type Json } from './openapi-schemas.ts';
import { apiVersionOf } from './resources.ts';
import { publishedResources } from './versions/served-version.ts';

/**
 * The OpenAPI 3 document of one group version, from the table that validation reads as well. The same object for the
 * same tables, every time: who serves it names it by its hash.
 */
export function openApiDocument(group: string, version: string): Json {
  const rows = publishedResources.filter((info) => info.group === group && info.version === version);
  return {
    openapi: '3.0.0',
    info: { title: 'Berth', version: apiVersionOf({ group, version }) },
    paths: Object.fromEntries(rows.flatMap(openApiPaths)),
    components: { schemas: componentsFor(rows) },
  };
}
