import { HttpFraming } from './http-framing';

const HEAD = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n';

function pieces(framing: HttpFraming, texts: readonly string[]): string[] {
  return texts.flatMap((text) => framing.push(Buffer.from(text)).map(({ bytes }) => String(bytes)));
}

describe('HttpFraming', () => {
  it.each([
    ['a request without a body', 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a body of known length', `${HEAD}hello`],
    [
      'chunks, an extension and trailers',
      'PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\n\n\r\n0\r\nT: 1\r\n\r\n',
    ],
  ])('keeps together %s, however it comes', (_what, text) => {
    const next = 'GET /next HTTP/1.1\r\n\r\n';
    expect(pieces(new HttpFraming('requests'), (text + next).split(''))).toEqual([text, next]);
    expect(pieces(new HttpFraming('requests'), [text + next])).toEqual([text, next]);
  });

  it('reads what it is told of a message', () => {
    const [message] = new HttpFraming('requests').push(Buffer.from(`${HEAD}hello`));
    expect(message?.startLine).toBe('POST /a HTTP/1.1');
    expect(message?.headers.get('content-length')).toBe('5');
  });

  it('knows answers without a body, and those that last until the connection ends', () => {
    const empty = 'HTTP/1.1 204 No Content\r\n\r\n';
    const open = 'HTTP/1.1 200 OK\r\n\r\nsome';
    const framing = new HttpFraming('answers');
    expect(pieces(framing, [empty + open])).toEqual([empty]);
    expect(String(framing.end()?.bytes)).toBe(open);
  });

  it('takes half an answer for none', () => {
    const framing = new HttpFraming('answers');
    expect(pieces(framing, ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'])).toEqual([]);
    expect(framing.end()).toBeNull();
  });
});
