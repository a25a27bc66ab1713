/** An image that is complete on this node. */
export interface ImageRecord {
  /** Digest of the image config: equal images have equal ids whatever they are called. */
  id: string;
  /** Canonical names, as `docker.io/library/busybox:1.36`; several names may share one image. */
  references: string[];
  /** `<repository>@<manifest digest>` for each repository it came from. */
  repoDigests: string[];
  sizeBytes: number;
  createdAt: number;
  /** `User` of the image config: a name, a number or `user:group`; '' for root. */
  user: string;
}

export interface RegistryCredentials {
  /** Registry host with port as in references; Docker Hub's is `docker.io`. */
  registry: string;
  username: string;
  password: string;
}

export interface PullProgress {
  reference: string;
  /** Bytes of all layers, done and wanted. */
  doneBytes: number;
  totalBytes: number;
}

export interface PullOptions {
  credentials?: readonly RegistryCredentials[];
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

/** Why an image could not be had: becomes the waiting reason of a container. */
export type ImageFailure = 'InvalidImageName' | 'ErrImagePull' | 'RegistryUnavailable' | 'ImageInspectError';

/** Thrown by pull and push; `message` says what the registry answered and what to do. */
export class ImageError extends Error {
  readonly failure: ImageFailure;
  constructor(failure: ImageFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImageError';
    this.failure = failure;
  }
}

/** Images of one node. Pulls of the same image join one download. */
export interface ImageService {
  /** Downloads, verifies and unpacks, unless it is all there. Throws ImageError. */
  pull(reference: string, options?: PullOptions): Promise<ImageRecord>;
  /** By reference as a user writes it, or by id. Undefined when it is not complete. Throws ImageError for an invalid name. */
  find(reference: string): Promise<ImageRecord | undefined>;
  list(): Promise<ImageRecord[]>;
  /** Removes a name, and the image with its last name. Layers go when nothing uses them. Succeeds when it is not there. */
  remove(reference: string): Promise<void>;
}
