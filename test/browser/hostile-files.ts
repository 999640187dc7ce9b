/** A file that tries everything to run, and tells a beacon of each try that succeeded. */
export interface HostileFile {
  readonly name: string;
  /** As a browser must see it for the tries to succeed. */
  readonly contentType: string;
  /** Its text; each try that runs fetches `<beacon>/<tag>/<try>`. */
  text(beacon: string, tag: string): string;
  /** What runs when nothing keeps it from running: opened by its URL, in a frame, as an object; never in an `<img>`. */
  readonly runs: readonly string[];
}

const HTML_TRIES = [
  'inline-script',
  'external-script',
  'module',
  'body-onload',
  'img-onerror',
  'svg-onload',
  'javascript-frame',
  'srcdoc-frame',
  'style-import',
  'picture',
];

const hostileHtml: HostileFile = {
  name: 'report.html',
  contentType: 'text/html',
  runs: HTML_TRIES,
  text: (beacon, tag) => `<!doctype html>
<html><head><title>report</title>
<style>@import url("${beacon}/${tag}/style-import");</style>
<script>${run(beacon, tag, 'inline-script')}</script>
<script src="${beacon}/${tag}/external-script.js"></script>
<script type="module">${run(beacon, tag, 'module')}</script>
</head><body onload="${run(beacon, tag, 'body-onload')}">
<img src="data:," onerror="${run(beacon, tag, 'img-onerror')}">
<img src="${beacon}/${tag}/picture">
<svg xmlns="http://www.w3.org/2000/svg" onload="${run(beacon, tag, 'svg-onload')}"></svg>
<iframe src="javascript:void(${run(beacon, tag, 'javascript-frame')})"></iframe>
<iframe srcdoc="&lt;script&gt;${run(beacon, tag, 'srcdoc-frame')}&lt;/script&gt;"></iframe>
</body></html>
`,
};

/** Alone in its file: where it works, nothing else of the page does. */
const hostileRefresh: HostileFile = {
  name: 'refresh.html',
  contentType: 'text/html',
  runs: ['meta-refresh'],
  text: (beacon, tag) =>
    `<!doctype html><meta http-equiv="refresh" content="0;url=${beacon}/${tag}/meta-refresh"><p>moved`,
};

const hostileSvg: HostileFile = {
  name: 'equity.svg',
  contentType: 'image/svg+xml',
  runs: [
    'svg-script',
    'svg-root-onload',
    'svg-external-script',
    'foreign-img-onerror',
    'svg-animation',
  ],
  text: (beacon, tag) => `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" onload="${run(beacon, tag, 'svg-root-onload')}">
<script>${run(beacon, tag, 'svg-script')}</script>
<script href="${beacon}/${tag}/svg-external-script.js"/>
<rect width="10" height="10">
<animate attributeName="x" dur="1ms" onbegin="${run(beacon, tag, 'svg-animation')}"/>
</rect>
<foreignObject width="10" height="10"><body xmlns="http://www.w3.org/1999/xhtml">
<img src="data:," onerror="${run(beacon, tag, 'foreign-img-onerror')}"/>
</body></foreignObject>
</svg>
`,
};

export const HOSTILE_FILES: readonly HostileFile[] = [hostileHtml, hostileRefresh, hostileSvg];

/** A script that asks for a picture: no policy of the beacon can hinder it. Without quotes that markup would end at. */
function run(beacon: string, tag: string, what: string): string {
  return `new Image().src='${beacon}/${tag}/${what}'`;
}
