import { ollamaAddress } from './ollama-address';

describe('ollamaAddress', () => {
  it.each([
    ['http://127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['127.0.0.1', 'http://127.0.0.1:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8000', 'http://127.0.0.1:8000'],
    [':9999', 'http://127.0.0.1:9999'],
    ['gpu-box', 'http://gpu-box:11434'],
    ['gpu-box:80', 'http://gpu-box'],
    ['http://gpu-box', 'http://gpu-box'],
    ['https://gpu-box/ollama/', 'https://gpu-box/ollama'],
    ['[::1]', 'http://[::1]:11434'],
    ['http://', 'http://127.0.0.1'],
    ['[::]:1234', 'http://127.0.0.1:1234'],
  ])('reads %s as %s', (host, address) => {
    expect(ollamaAddress(host)).toBe(address);
  });

  it.each(['ftp://gpu-box', 'gpu box'])('refuses %s', (host) => {
    expect(() => ollamaAddress(host)).toThrow(/OLLAMA_HOST/);
  });
});
