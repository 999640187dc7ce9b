import { Module } from '@nestjs/common';
import { SignedDownloadsController } from './signed-downloads.controller';
import { SignedUploadsController } from './signed-uploads.controller';

/** `/signed`: for whoever was given a URL. */
@Module({ controllers: [SignedDownloadsController, SignedUploadsController] })
export class SignedApiModule {}
