import { moreNumbers } from './protobuf-more-numbers.ts';
import { volumeNumbers } from './protobuf-volume-numbers.ts';

/**
 * Field numbers of the protobuf form that Kubernetes clients send, for the types in scope; types come from the schema
 * table. They never change between releases. `*` marks a pointer scalar, whose presence on the wire counts even when it
 * is zero. `<T>` is an embedded struct: in JSON its fields belong to the type that embeds it.
 */
const table = `
Namespace, Node, Pod, Deployment, ReplicaSet, Scale: metadata=1 spec=2 status=3
ObjectMeta: name=1 generateName=2 namespace=3 selfLink=4 uid=5 resourceVersion=6 generation=7 creationTimestamp=8
  deletionTimestamp=9 deletionGracePeriodSeconds=10* labels=11 annotations=12 ownerReferences=13 finalizers=14
  managedFields=17
PodTemplateSpec, Lease, PersistentVolumeClaimTemplate: metadata=1 spec=2
ConfigMap: metadata=1 data=2 binaryData=3 immutable=4*
Secret: metadata=1 data=2 type=3 stringData=4 immutable=5*
ServiceAccount: metadata=1 secrets=2 imagePullSecrets=3 automountServiceAccountToken=4*
Event: metadata=1 involvedObject=2 reason=3 message=4 source=5 firstTimestamp=6 lastTimestamp=7 count=8 type=9
  eventTime=10 series=11 action=12 related=13 reportingComponent=14 reportingInstance=15
Binding: metadata=1 target=2
Eviction: metadata=1 deleteOptions=2
DeleteOptions: gracePeriodSeconds=1* preconditions=2 orphanDependents=3* propagationPolicy=4* dryRun=5
  ignoreStoreReadErrorWithClusterBreakingPotential=6*
OwnerReference: kind=1 name=3 uid=4 apiVersion=5 controller=6* blockOwnerDeletion=7*
ManagedFieldsEntry: manager=1 operation=2 apiVersion=3 time=4 fieldsType=6 fieldsV1=7 subresource=8
PodSpec: volumes=1 containers=2 restartPolicy=3 terminationGracePeriodSeconds=4* activeDeadlineSeconds=5* dnsPolicy=6
  nodeSelector=7 serviceAccountName=8 serviceAccount=9 nodeName=10 hostNetwork=11 hostPID=12 hostIPC=13
  securityContext=14 imagePullSecrets=15 hostname=16 subdomain=17 affinity=18 schedulerName=19 initContainers=20
  automountServiceAccountToken=21* tolerations=22 hostAliases=23 priorityClassName=24 priority=25* dnsConfig=26
  shareProcessNamespace=27* readinessGates=28 runtimeClassName=29* enableServiceLinks=30* preemptionPolicy=31*
  overhead=32 topologySpreadConstraints=33 ephemeralContainers=34 setHostnameAsFQDN=35* os=36 hostUsers=37*
  schedulingGates=38 resourceClaims=39 resources=40
PodStatus: phase=1 conditions=2 message=3 reason=4 hostIP=5 podIP=6 startTime=7 containerStatuses=8 qosClass=9
  initContainerStatuses=10 nominatedNodeName=11 podIPs=12 ephemeralContainerStatuses=13 resize=14
  resourceClaimStatuses=15 hostIPs=16
DeploymentSpec: replicas=1* selector=2 template=3 strategy=4 minReadySeconds=5 revisionHistoryLimit=6* paused=7
  progressDeadlineSeconds=9*
DeploymentStatus: observedGeneration=1 replicas=2 updatedReplicas=3 availableReplicas=4 unavailableReplicas=5
  conditions=6 readyReplicas=7 collisionCount=8*
ReplicaSetSpec: replicas=1* selector=2 template=3 minReadySeconds=4
ReplicaSetStatus: replicas=1 fullyLabeledReplicas=2 observedGeneration=3 readyReplicas=4 availableReplicas=5
  conditions=6
NamespaceSpec: finalizers=1
NamespaceStatus: phase=1 conditions=2
NodeSpec: podCIDR=1 externalID=2 providerID=3 unschedulable=4 taints=5 configSource=6 podCIDRs=7
NodeStatus: capacity=1 allocatable=2 phase=3 conditions=4 addresses=5 daemonEndpoints=6 nodeInfo=7 images=8
  volumesInUse=9 volumesAttached=10 config=11 runtimeHandlers=12 features=13
ObjectReference: kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7
LocalObjectReference, PodOS, PodSchedulingGate: name=1
EventSource: component=1 host=2
EventSeries: count=1 lastObservedTime=2
PersistentVolumeClaimSpec: accessModes=1 resources=2 volumeName=3 selector=4 storageClassName=5* volumeMode=6*
  dataSource=7 dataSourceRef=8 volumeAttributesClassName=9*
ScaleSpec: replicas=1
ScaleStatus: replicas=1 selector=2
LeaseSpec: holderIdentity=1* leaseDurationSeconds=2* acquireTime=3 renewTime=4 leaseTransitions=5* strategy=6*
  preferredHolder=7*
Preconditions: uid=1* resourceVersion=2*
Volume: name=1 <VolumeSource>=2
Container, EphemeralContainerCommon: name=1 image=2 command=3 args=4 workingDir=5 ports=6 env=7 resources=8
  volumeMounts=9 livenessProbe=10 readinessProbe=11 lifecycle=12 terminationMessagePath=13 imagePullPolicy=14
  securityContext=15 stdin=16 stdinOnce=17 tty=18 envFrom=19 terminationMessagePolicy=20 volumeDevices=21
  startupProbe=22 resizePolicy=23 restartPolicy=24*
EphemeralContainer: <EphemeralContainerCommon>=1 targetContainerName=2
PodSecurityContext: seLinuxOptions=1 runAsUser=2* runAsNonRoot=3* supplementalGroups=4 fsGroup=5* runAsGroup=6*
  sysctls=7 windowsOptions=8 fsGroupChangePolicy=9* seccompProfile=10 appArmorProfile=11 supplementalGroupsPolicy=12*
  seLinuxChangePolicy=13*
Affinity: nodeAffinity=1 podAffinity=2 podAntiAffinity=3
Toleration: key=1 operator=2 value=3 effect=4 tolerationSeconds=5*
HostAlias: ip=1 hostnames=2
PodDNSConfig: nameservers=1 searches=2 options=3
PodReadinessGate: conditionType=1
TopologySpreadConstraint: maxSkew=1 topologyKey=2 whenUnsatisfiable=3 labelSelector=4 minDomains=5*
  nodeAffinityPolicy=6* nodeTaintsPolicy=7* matchLabelKeys=8
VolumeResourceRequirements: limits=1 requests=2
ResourceRequirements: limits=1 requests=2 claims=3
PodCondition: type=1 status=2 lastProbeTime=3 lastTransitionTime=4 reason=5 message=6
HostIP, PodIP: ip=1
ContainerStatus: name=1 state=2 lastState=3 ready=4 restartCount=5 image=6 imageID=7 containerID=8 started=9*
  allocatedResources=10 resources=11 volumeMounts=12 user=13 allocatedResourcesStatus=14
LabelSelector: matchLabels=1 matchExpressions=2
DeploymentStrategy: type=1 rollingUpdate=2
DeploymentCondition: type=1 status=2 reason=4 message=5 lastUpdateTime=6 lastTransitionTime=7
ReplicaSetCondition: type=1 status=2 lastTransitionTime=3 reason=4 message=5
NamespaceCondition: type=1 status=2 lastTransitionTime=4 reason=5 message=6
Taint: key=1 value=2 effect=3 timeAdded=4
NodeCondition: type=1 status=2 lastHeartbeatTime=3 lastTransitionTime=4 reason=5 message=6
NodeAddress: type=1 address=2
NodeDaemonEndpoints: kubeletEndpoint=1
NodeSystemInfo: machineID=1 systemUUID=2 bootID=3 kernelVersion=4 osImage=5 containerRuntimeVersion=6 kubeletVersion=7
  kubeProxyVersion=8 operatingSystem=9 architecture=10
ContainerImage: names=1 sizeBytes=2
TypedLocalObjectReference: apiGroup=1* kind=2 name=3
TypedObjectReference: apiGroup=1* kind=2 name=3 namespace=4*
VolumeSource: hostPath=1 emptyDir=2 gcePersistentDisk=3 awsElasticBlockStore=4 gitRepo=5 secret=6 nfs=7 iscsi=8
  glusterfs=9 persistentVolumeClaim=10 rbd=11 flexVolume=12 cinder=13 cephfs=14 flocker=15 downwardAPI=16 fc=17
  azureFile=18 configMap=19 vsphereVolume=20 quobyte=21 azureDisk=22 photonPersistentDisk=23 portworxVolume=24
  scaleIO=25 projected=26 storageos=27 csi=28 ephemeral=29 image=30
ContainerPort: name=1 hostPort=2 containerPort=3 protocol=4 hostIP=5
EnvFromSource: prefix=1 configMapRef=2 secretRef=3
EnvVar: name=1 value=2 valueFrom=3
ContainerResizePolicy: resourceName=1 restartPolicy=2
VolumeMount: name=1 readOnly=2 mountPath=3 subPath=4 mountPropagation=5* subPathExpr=6 recursiveReadOnly=7*
VolumeDevice: name=1 devicePath=2
Probe: <ProbeHandler>=1 initialDelaySeconds=2 timeoutSeconds=3 periodSeconds=4 successThreshold=5 failureThreshold=6
  terminationGracePeriodSeconds=7*
Lifecycle: postStart=1 preStop=2
SecurityContext: capabilities=1 privileged=2* seLinuxOptions=3 runAsUser=4* runAsNonRoot=5* readOnlyRootFilesystem=6*
  allowPrivilegeEscalation=7* runAsGroup=8* procMount=9* windowsOptions=10 seccompProfile=11 appArmorProfile=12
SELinuxOptions: user=1 role=2 type=3 level=4
Sysctl, HTTPHeader: name=1 value=2
SeccompProfile, AppArmorProfile: type=1 localhostProfile=2*
NodeAffinity, PodAffinity, PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution=1
  preferredDuringSchedulingIgnoredDuringExecution=2
PodDNSConfigOption: name=1 value=2*
ContainerState: waiting=1 running=2 terminated=3
LabelSelectorRequirement, NodeSelectorRequirement: key=1 operator=2 values=3
RollingUpdateDeployment: maxUnavailable=1* maxSurge=2*
DaemonEndpoint: Port=1
HostPathVolumeSource: path=1 type=2*
EmptyDirVolumeSource: medium=1 sizeLimit=2
SecretVolumeSource: secretName=1 items=2 defaultMode=3* optional=4*
NFSVolumeSource: server=1 path=2 readOnly=3
PersistentVolumeClaimVolumeSource: claimName=1 readOnly=2
DownwardAPIVolumeSource: items=1 defaultMode=2*
ConfigMapVolumeSource: <LocalObjectReference>=1 items=2 defaultMode=3* optional=4*
ProjectedVolumeSource: sources=1 defaultMode=2*
CSIVolumeSource: driver=1 readOnly=2* fsType=3* volumeAttributes=4 nodePublishSecretRef=5
EphemeralVolumeSource: volumeClaimTemplate=1
ImageVolumeSource: reference=1 pullPolicy=2
ConfigMapEnvSource, SecretEnvSource: <LocalObjectReference>=1 optional=2*
EnvVarSource: fieldRef=1 resourceFieldRef=2 configMapKeyRef=3 secretKeyRef=4
ProbeHandler: exec=1 httpGet=2 tcpSocket=3 grpc=4
LifecycleHandler: exec=1 httpGet=2 tcpSocket=3 sleep=4
Capabilities: add=1 drop=2
NodeSelector: nodeSelectorTerms=1
PreferredSchedulingTerm: weight=1 preference=2
PodAffinityTerm: labelSelector=1 namespaces=2 topologyKey=3 namespaceSelector=4 matchLabelKeys=5 mismatchLabelKeys=6
WeightedPodAffinityTerm: weight=1 podAffinityTerm=2
ContainerStateWaiting: reason=1 message=2
ContainerStateRunning: startedAt=1
ContainerStateTerminated: exitCode=1 signal=2 reason=3 message=4 startedAt=5 finishedAt=6 containerID=7
KeyToPath: key=1 path=2 mode=3*
DownwardAPIVolumeFile: path=1 fieldRef=2 resourceFieldRef=3 mode=4*
VolumeProjection: secret=1 downwardAPI=2 configMap=3 serviceAccountToken=4 clusterTrustBundle=5
ObjectFieldSelector: apiVersion=1 fieldPath=2
ResourceFieldSelector: containerName=1 resource=2 divisor=3
ConfigMapKeySelector, SecretKeySelector: <LocalObjectReference>=1 key=2 optional=3*
ExecAction: command=1
HTTPGetAction: path=1 port=2 host=3 scheme=4 httpHeaders=5
TCPSocketAction: port=1 host=2
GRPCAction: port=1 service=2*
SleepAction: seconds=1
NodeSelectorTerm: matchExpressions=1 matchFields=2
SecretProjection, ConfigMapProjection: <LocalObjectReference>=1 items=2 optional=4*
DownwardAPIProjection: items=1
ServiceAccountTokenProjection: audience=1 expirationSeconds=2* path=3
`;

export interface NumberedField {
  name: string;
  isPointer: boolean;
  /** Set for an embedded struct: the name of its row. */
  embedded?: string;
}

type Row = ReadonlyMap<number, NumberedField>;

const rows = new Map<string, Row>();
for (const line of [table, moreNumbers, volumeNumbers]
  .map((text) => text.trim())
  .join('\n')
  .replaceAll(/\n +/g, ' ')
  .split('\n')) {
  const [names = '', fields = ''] = line.split(': ');
  const row: Row = new Map(fields.split(' ').map(readField));
  for (const name of names.split(', ')) rows.set(name, row);
}

function readField(text: string): [number, NumberedField] {
  const [, embedded, name = '', number, pointer] = /^(?:<(\w+)>|(\w+))=(\d+)(\*?)$/.exec(text) ?? [];
  return [Number(number), { name, isPointer: pointer === '*', embedded }];
}

/** Fields by number, for the last part of a type's name (`PodSpec`) or for an embedded struct. */
export function fieldNumbers(type: string): Row | undefined {
  return rows.get(type);
}
