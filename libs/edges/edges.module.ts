import { DatabaseModule } from '@foreman/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { EdgeEntity } from './edge.entity';
import { Edges } from './edges';
import { type EdgesOptions, EdgesSettings } from './edges.options';
import { EnrolmentEntity } from './enrolment.entity';
import { Enrolments } from './enrolments';
import { UnusedEdgeTokenEntity } from './unused-edge-token.entity';

/** The registry of edges and their enrolment. Needs DatabaseModule and AccessModule; starts nothing. */
@Module({})
export class EdgesModule {
  static forRoot(options: EdgesOptions = {}): DynamicModule {
    return {
      module: EdgesModule,
      global: true,
      imports: [DatabaseModule.forFeature([EdgeEntity, EnrolmentEntity, UnusedEdgeTokenEntity])],
      providers: [
        { provide: EdgesSettings, useValue: new EdgesSettings(options) },
        Edges,
        Enrolments,
      ],
      exports: [Edges, Enrolments],
    };
  }
}
