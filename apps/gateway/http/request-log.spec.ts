import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pinoHttp } from 'pino-http';
import { requestLog } from './request-log';

describe('the line of a request', () => {
  it.each([200, 403, 500])('has the path, and nothing of the query: %d', async (status) => {
    const lines: string[] = [];
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        lines.push(line.toString());
        done();
      },
    });
    const { pinoHttp: options } = requestLog({ logLevel: 'trace' });
    const log = pinoHttp({ ...options, stream: sink });
    const server = createServer((request, response) => {
      log(request, response);
      response.statusCode = status;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const path = '/signed/jobs/j1/artifacts/a';
    await fetch(`http://127.0.0.1:${port}${path}?expires=1&key=k&signature=s3cret`);
    await new Promise((resolve) => server.close(resolve));

    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ req: { path }, res: { status } });
    expect(lines[0]).not.toMatch(/s3cret|expires/);
  });
});
