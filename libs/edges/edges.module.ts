import { DatabaseModule } from '@foreman/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { EdgeAuthenticator } from './edge-authenticator';
import { EdgeEntity } from './edge.entity';
import { Edges } from './edges';
import { type EdgesOptions, EdgesSettings } from './edges.options';
import { EnrolmentEntity } from './enrolment.entity';
import { Enrolments } from './enrolments';

/** The registry of edges and their enrolment. Needs DatabaseModule; starts nothing. */
@Module({})
export class EdgesModule {
  static forRoot(options: EdgesOptions = {}): DynamicModule {
    return {
      module: EdgesModule,
      global: true,
      imports: [DatabaseModule.forFeature([EdgeEntity, EnrolmentEntity])],
      providers: [
        { provide: EdgesSettings, useValue: new EdgesSettings(options) },
        EdgeAuthenticator,
        Edges,
        Enrolments,
      ],
      exports: [Edges, Enrolments],
    };
  }
}
