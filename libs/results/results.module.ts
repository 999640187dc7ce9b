import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@foreman/database';
import { ResultCheck } from './result-check';
import { ResultExports } from './result-exports';
import { ResultIngestion } from './result-ingestion';
import { ResultQueries } from './result-queries';
import { ResultRemoval } from './result-removal';
import { DiscardedRowSetEntity, ResultRowEntity } from './result-row.entity';
import { ResultRowStore } from './result-row.store';
import { ResultSweep } from './result-sweep';
import { ResultsSettings, type ResultsOptions } from './results.options';
import { RowSets } from './row-sets';

const ENTITIES = [ResultRowEntity, DiscardedRowSetEntity];

const FACE = [
  ResultCheck,
  ResultExports,
  ResultIngestion,
  ResultQueries,
  ResultRemoval,
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
        ...FACE,
      ],
      exports: FACE,
    };
  }
}
