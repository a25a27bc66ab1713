import { runtimeDriverConformance } from '../../conformance/runtime-driver.ts';
import { openOciBench } from './oci-bench.ts';

runtimeDriverConformance('oci', () => openOciBench());
