import { imageServiceConformance } from '../../conformance/image-service.ts';
import { needsRegistry, type RealRegistry, startRegistry } from './real-registry.ts';
import { aStore, busyboxFiles, publish } from './sample-images.ts';

describe('OciImageStore with a real registry', () => {
  let registry: RealRegistry;

  before(async function () {
    needsRegistry(this);
    registry = await startRegistry();
  });

  after(() => registry?.close());

  imageServiceConformance('OciImageStore', async () => {
    const files = await busyboxFiles();
    const serial = Math.random().toString(36).slice(2);
    const names = { reference: `${registry.host}/test/${serial}:1`, otherName: `${registry.host}/test/${serial}:2` };
    await publish(names.reference, files);
    await publish(names.otherName, files);
    const { store, close } = await aStore();
    const moveTag = async (): Promise<void> => {
      await publish(names.reference, [...files, { name: 'etc/', type: '5' }]);
    };
    return { images: store, ...names, moveTag, close };
  });
});
