import { writeSync } from 'node:fs';
import { Database } from '../index';
import { insert } from './scratch';

/**
 * A program for the durability specs: writes rows to `file` from many concurrent callers until it is
 * killed, or until `stopAfterRefusals` were refused, and prints `+<id>` for each row that was
 * acknowledged and `-<id>` for each that was refused, at the very moment at which it learns of it.
 */
const CONCURRENT = 16;

export async function writeUntilStopped(
  file: string,
  round: string,
  rowBytes: number,
  stopAfterRefusals: number,
): Promise<void> {
  const database = await Database.open({ file }, (error) => {
    throw error;
  });
  database.driver.exec(
    'CREATE TABLE IF NOT EXISTS scratch (id text PRIMARY KEY NOT NULL, note text, parent_number integer)',
  );
  writeSync(1, 'ready\n');
  let refusals = 0;
  const write = async (writer: number) => {
    for (let n = 0; refusals < stopAfterRefusals; n += 1) {
      const id = `${round}.${writer}.${n}`;
      const insertTwo = database.unitOfWork.run(
        async (tx) => {
          await insert(tx, id);
          await tx.execute('INSERT INTO scratch (id, note) VALUES (?, hex(zeroblob(?)))', [
            `${id}/note`,
            rowBytes,
          ]);
        },
        writer % 4 === 0 ? 'bulk' : 'control',
      );
      await insertTwo.then(
        () => writeSync(1, `+${id}\n`),
        () => {
          refusals += 1;
          writeSync(1, `-${id}\n`);
        },
      );
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, (_, writer) => write(writer)));
  await database.close();
}
