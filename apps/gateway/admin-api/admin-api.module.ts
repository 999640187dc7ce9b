import { Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys.controller';
import { EdgesController } from './edges.controller';
import { EnrolmentsController } from './enrolments.controller';

/** `/admin`: for operators. */
@Module({ controllers: [ApiKeysController, EnrolmentsController, EdgesController] })
export class AdminApiModule {}
