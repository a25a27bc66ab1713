/** One field of a type, as decoding, patching, OpenAPI and protobuf need it. */
export interface FieldSchema {
  type:
    | 'string'
    | 'integer'
    | 'number'
    | 'boolean'
    /** A known type: `ref` names it. */
    | 'object'
    | 'array'
    /** String keys to `items`. */
    | 'map'
    /** Any JSON. */
    | 'any'
    | 'int-or-string'
    | 'quantity'
    /** RFC 3339; seconds or microseconds. */
    | 'time'
    | 'micro-time'
    /** base64 */
    | 'bytes';
  description?: string;
  /** int32, int64, double, … */
  format?: string;
  /** Name of the type, as `io.k8s.api.core.v1.PodSpec`; for 'object', and for items that are objects. */
  ref?: string;
  /** Elements of an array, values of a map. */
  items?: FieldSchema;
  enum?: readonly string[];
  /** Strategic merge patch (contract §7). Absent: the list is replaced whole. */
  patchMergeKey?: string;
  patchStrategy?: readonly ('merge' | 'retainKeys' | 'replace')[];
  /** Server-side apply. Lists default to atomic, maps and objects to granular. */
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: readonly string[];
  mapType?: 'atomic' | 'granular';
}

/** A type with its fields. */
export interface TypeSchema {
  /** `io.k8s.api.apps.v1.Deployment` */
  name: string;
  description: string;
  fields: Readonly<Record<string, FieldSchema>>;
  required: readonly string[];
}
