import { connect } from 'node:net';
import { Logger } from '@nestjs/common';
import { eventually } from '@foreman/testing';
import { ProblemDetailsFilter } from '../../apps/gateway/http/problem-details.filter';
import { type InProcessGateway, startInProcess } from './harness';

describe('an upload whose caller goes in the middle', () => {
  let gateway: InProcessGateway;
  let caught: jest.SpyInstance;

  beforeAll(async () => {
    // Nest binds the method when it starts.
    caught = jest.spyOn(ProblemDetailsFilter.prototype, 'catch');
    gateway = await startInProcess();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await gateway.stop();
  });

  it('is no fault of the gateway: it logs no error', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error');
    const edge = await gateway.enrolEdge(['upload']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'upload' });
    const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );

    const { hostname, port } = new URL(gateway.baseUrl);
    connect(Number(port), hostname)
      .on('error', () => undefined)
      .end(
        `PUT /internal/edges/tasks/${task.taskId}/artifacts/log.txt HTTP/1.1\r\n` +
          `Host: ${hostname}\r\nAuthorization: Bearer ${edge.token}\r\n` +
          `Foreman-Lease: ${task.leaseToken}\r\nContent-Type: text/plain\r\n` +
          'Content-Length: 1000\r\n\r\nonly this',
      );
    await eventually('the upload was given up', () => caught.mock.calls.length === 1);
    expect(logged).not.toHaveBeenCalled();
  });
});
