import type { TaskArtifact } from '@foreman/edge-sdk';
import type { SearchFindings } from '../search/strategy-search';
import { completionReport } from './completion-report';
import { equityChart } from './equity-chart';
import { equityCsv } from './equity-csv';
import { tradesCsv } from './trades-csv';

/** All artifacts of a finished search. Bodies are text: they cross from the worker thread as they are. */
export function searchArtifacts(findings: SearchFindings): (TaskArtifact & { body: string })[] {
  return [
    {
      name: 'completion',
      contentType: 'application/json',
      body: JSON.stringify(completionReport(findings), null, 2),
    },
    { name: 'equity-curve.svg', contentType: 'image/svg+xml', body: equityChart(findings) },
    { name: 'trades.csv', contentType: 'text/csv; charset=utf-8', body: tradesCsv(findings) },
    { name: 'equity.csv', contentType: 'text/csv; charset=utf-8', body: equityCsv(findings) },
  ];
}
