import { openTestEngine, type TestEngine } from '@foreman/testing';
import { ArtifactsModule } from './artifacts.module';
import { BlobRegistry } from './blob-registry';

describe('an upload that is given up', () => {
  let engine: TestEngine;
  let blobs: BlobRegistry;

  beforeEach(async () => {
    engine = await openTestEngine(ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }));
    blobs = engine.get(BlobRegistry);
  });

  afterEach(() => engine.close());

  const released = async () =>
    (await blobs.released(engine.reads, null, 10)).map(({ key }) => key).toSorted();

  it('leaves its bytes to the sweep', async () => {
    await engine.unitOfWork.run((tx) => blobs.open(tx, 'half', 1));
    await engine.unitOfWork.run((tx) => blobs.abandon(tx, 'half', 2));
    expect(await released()).toEqual(['half']);
  });

  it('keeps them where they were recorded, though the answer to that was lost', async () => {
    await engine.unitOfWork.run(async (tx) => {
      await blobs.open(tx, 'whole', 1);
      await blobs.keep(tx, 'whole', 5);
    });
    await engine.unitOfWork.run((tx) => blobs.abandon(tx, 'whole', 2));
    expect(await released()).toEqual([]);
  });
});
