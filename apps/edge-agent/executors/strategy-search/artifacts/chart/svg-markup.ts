type Attributes = Readonly<Record<string, string | number>>;

/** Control characters, lone surrogates and non-characters: XML 1.0 has no place for most of them, not even escaped. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stays text inside an element or an attribute, whoever wrote it. */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** `<name a="b">content</name>`; attributes are escaped, `content` must be markup already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escapeXml(value)}"`)
    .join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** A text element; `text` is escaped. */
export function textElement(x: number, y: number, text: string, attributes: Attributes): string {
  return element('text', { x, y, ...attributes }, escapeXml(text));
}

/** A hundredth of a pixel is finer than any screen, and keeps the file small. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
