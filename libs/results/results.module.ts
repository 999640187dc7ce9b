import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@foreman/database';
import { MetricColumns } from './columns/metric-columns';
import { MetricFolding } from './columns/metric-folding';
import { HeavyReads } from './queries/heavy-reads';
import { OrderedRows } from './queries/ordered-rows';
import { ResultSummaries } from './queries/result-summaries';
import { RowScan } from './queries/row-scan';
import { ResultCheck } from './rows/result-check';
import { ResultExports } from './queries/result-exports';
import { ResultIds } from './queries/result-ids';
import { ResultIngestion } from './ingestion/result-ingestion';
import { ResultQueries } from './queries/result-queries';
import { ResultRemoval } from './rows/result-removal';
import { MetricChunkEntity, MetricColumnEntity } from './columns/metric-chunk.entity';
import { ResultRowEntity } from './rows/result-row.entity';
import { RowSetEntity } from './rows/row-set.entity';
import { ResultRowStore } from './rows/result-row.store';
import { ResultSweep } from './rows/result-sweep';
import { ResultsSettings, type ResultsOptions } from './results.options';
import { RowPages } from './rows/row-pages';
import { RowSets } from './rows/row-sets';

const ENTITIES = [ResultRowEntity, RowSetEntity, MetricChunkEntity, MetricColumnEntity];

const FACE = [
  ResultCheck,
  ResultExports,
  ResultIds,
  ResultIngestion,
  ResultQueries,
  ResultRemoval,
  ResultSummaries,
  ResultSweep,
  RowSets,
];

/** Result rows, over jobs and their fence. No routes, no timers. */
@Module({})
export class ResultsModule {
  /** @throws RangeError naming the option that is wrong. */
  static forRoot(options: ResultsOptions = {}): DynamicModule {
    return {
      module: ResultsModule,
      global: true,
      imports: [DatabaseModule.forFeature(ENTITIES)],
      providers: [
        { provide: ResultsSettings, useValue: new ResultsSettings(options) },
        ResultRowStore,
        RowPages,
        MetricColumns,
        MetricFolding,
        HeavyReads,
        OrderedRows,
        RowScan,
        ...FACE,
      ],
      exports: FACE,
    };
  }
}
