import { invalidField } from '@foreman/kernel';

const OLLAMA_PORT = '11434';

/**
 * The address to call for a value of OLLAMA_HOST, by Ollama's own rules: scheme and port may be missing
 * (`http`, 11434), and an address to listen on (0.0.0.0, [::]) means this machine. No slash at the end.
 * Throws `request.invalid`.
 */
export function ollamaAddress(host: string): string {
  const text = host.trim();
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const withHost = withScheme.replace(/^(https?:\/\/)(?=:|\/|$)/i, '$1127.0.0.1');
  const url = URL.canParse(withHost) ? new URL(withHost) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidField('OLLAMA_HOST', 'must be a host, host:port or an http(s) address');
  }
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  const namesPort = url.port !== '' || /^https?:\/\/[^/]*:\d+(\/|$)/i.test(withHost);
  if (!namesPort && !/^https?:\/\//i.test(text)) url.port = OLLAMA_PORT;
  return url.origin + url.pathname.replace(/\/+$/, '');
}
