/** The rows of `protobuf-numbers.ts` for the kinds that are not about pods; the notation is explained there. */
export const moreNumbers = `
StatefulSet, DaemonSet, Job, CronJob, Service, PersistentVolumeClaim, PersistentVolume, ReplicationController,
  ResourceQuota, HorizontalPodAutoscaler, PodDisruptionBudget, Ingress: metadata=1 spec=2 status=3
LimitRange, JobTemplateSpec, IngressClass, NetworkPolicy: metadata=1 spec=2
ControllerRevision: metadata=1 data=2 revision=3
Endpoints: metadata=1 subsets=2
PodTemplate: metadata=1 template=2
EndpointSlice: metadata=1 endpoints=2 ports=3 addressType=4
PriorityClass: metadata=1 value=2 globalDefault=3 description=4 preemptionPolicy=5*
Role: metadata=1 rules=2
ClusterRole: metadata=1 rules=2 aggregationRule=3
RoleBinding, ClusterRoleBinding: metadata=1 subjects=2 roleRef=3
StorageClass: metadata=1 provisioner=2 parameters=3 reclaimPolicy=4* mountOptions=5 allowVolumeExpansion=6*
  volumeBindingMode=7* allowedTopologies=8
ReplicationControllerSpec: replicas=1* selector=2 template=3 minReadySeconds=4
ReplicationControllerStatus: replicas=1 fullyLabeledReplicas=2 observedGeneration=3 readyReplicas=4
  availableReplicas=5 conditions=6
StatefulSetSpec: replicas=1* selector=2 template=3 volumeClaimTemplates=4 serviceName=5 podManagementPolicy=6
  updateStrategy=7 revisionHistoryLimit=8* minReadySeconds=9 persistentVolumeClaimRetentionPolicy=10 ordinals=11
StatefulSetStatus: observedGeneration=1 replicas=2 readyReplicas=3 currentReplicas=4 updatedReplicas=5
  currentRevision=6 updateRevision=7 collisionCount=9* conditions=10 availableReplicas=11
DaemonSetSpec: selector=1 template=2 updateStrategy=3 minReadySeconds=4 revisionHistoryLimit=6*
DaemonSetStatus: currentNumberScheduled=1 numberMisscheduled=2 desiredNumberScheduled=3 numberReady=4
  observedGeneration=5 updatedNumberScheduled=6 numberAvailable=7 numberUnavailable=8 collisionCount=9* conditions=10
JobSpec: parallelism=1* completions=2* activeDeadlineSeconds=3* selector=4 manualSelector=5* template=6
  backoffLimit=7* ttlSecondsAfterFinished=8* completionMode=9* suspend=10* podFailurePolicy=11
  backoffLimitPerIndex=12* maxFailedIndexes=13* podReplacementPolicy=14* managedBy=15* successPolicy=16
JobStatus: conditions=1 startTime=2 completionTime=3 active=4 succeeded=5 failed=6 completedIndexes=7
  uncountedTerminatedPods=8 ready=9* failedIndexes=10* terminating=11*
CronJobSpec: schedule=1 startingDeadlineSeconds=2* concurrencyPolicy=3 suspend=4* jobTemplate=5
  successfulJobsHistoryLimit=6* failedJobsHistoryLimit=7* timeZone=8*
CronJobStatus: active=1 lastScheduleTime=4 lastSuccessfulTime=5
ServiceSpec: ports=1 selector=2 clusterIP=3 type=4 externalIPs=5 sessionAffinity=7 loadBalancerIP=8
  loadBalancerSourceRanges=9 externalName=10 externalTrafficPolicy=11 healthCheckNodePort=12
  publishNotReadyAddresses=13 sessionAffinityConfig=14 ipFamilyPolicy=17* clusterIPs=18 ipFamilies=19
  allocateLoadBalancerNodePorts=20* loadBalancerClass=21* internalTrafficPolicy=22* trafficDistribution=23*
ServiceStatus: loadBalancer=1 conditions=2
ForZone: name=1
EndpointSubset: addresses=1 notReadyAddresses=2 ports=3
PersistentVolumeClaimStatus: phase=1 accessModes=2 capacity=3 conditions=4 allocatedResources=5
  allocatedResourceStatuses=7 currentVolumeAttributesClassName=8* modifyVolumeStatus=9
ResourceQuotaSpec: hard=1 scopes=2 scopeSelector=3
ResourceQuotaStatus: hard=1 used=2
LimitRangeSpec: limits=1
EventsEvent: metadata=1 eventTime=2 series=3 reportingController=4 reportingInstance=5 action=6 reason=7 regarding=8
  related=9 note=10 type=11 deprecatedSource=12 deprecatedFirstTimestamp=13 deprecatedLastTimestamp=14
  deprecatedCount=15
HorizontalPodAutoscalerSpecV1: scaleTargetRef=1 minReplicas=2* maxReplicas=3 targetCPUUtilizationPercentage=4*
HorizontalPodAutoscalerStatusV1: observedGeneration=1* lastScaleTime=2 currentReplicas=3 desiredReplicas=4
  currentCPUUtilizationPercentage=5*
HorizontalPodAutoscalerSpec: scaleTargetRef=1 minReplicas=2* maxReplicas=3 metrics=4 behavior=5
HorizontalPodAutoscalerStatus: observedGeneration=1* lastScaleTime=2 currentReplicas=3 desiredReplicas=4
  currentMetrics=5 conditions=6
PodDisruptionBudgetSpec: minAvailable=1* selector=2 maxUnavailable=3* unhealthyPodEvictionPolicy=4*
PodDisruptionBudgetStatus: observedGeneration=1 disruptedPods=2 disruptionsAllowed=3 currentHealthy=4 desiredHealthy=5
  expectedPods=6 conditions=7
IngressSpec: defaultBackend=1 tls=2 rules=3 ingressClassName=4*
IngressStatus: loadBalancer=1
Endpoint: addresses=1 conditions=2 hostname=3* targetRef=4 deprecatedTopology=5 nodeName=6* zone=7* hints=8
DiscoveryEndpointPort: name=1* protocol=2* port=3* appProtocol=4*
PolicyRule: verbs=1 apiGroups=2 resources=3 resourceNames=4 nonResourceURLs=5
AggregationRule: clusterRoleSelectors=1
Subject: kind=1 apiGroup=2 name=3 namespace=4
RoleRef: apiGroup=1 kind=2 name=3
TokenRequest, TokenReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview,
  LocalSubjectAccessReview: metadata=1 spec=2 status=3
SelfSubjectReview: metadata=1 status=2
TokenRequestSpec: audiences=1 boundObjectRef=3 expirationSeconds=4*
TokenRequestStatus: token=1 expirationTimestamp=2
BoundObjectReference: kind=1 apiVersion=2 name=3 uid=4
TokenReviewSpec: token=1 audiences=2
TokenReviewStatus: authenticated=1 user=2 error=3 audiences=4
UserInfo: username=1 uid=2 groups=3 extra=4
SelfSubjectReviewStatus: userInfo=1
SelfSubjectAccessReviewSpec: resourceAttributes=1 nonResourceAttributes=2
SubjectAccessReviewSpec: resourceAttributes=1 nonResourceAttributes=2 user=3 groups=4 extra=5 uid=6
SubjectAccessReviewStatus: allowed=1 reason=2 evaluationError=3 denied=4
SelfSubjectRulesReviewSpec: namespace=1
SubjectRulesReviewStatus: resourceRules=1 nonResourceRules=2 incomplete=3 evaluationError=4
ResourceRule: verbs=1 apiGroups=2 resources=3 resourceNames=4
NonResourceRule: verbs=1 nonResourceURLs=2
ResourceAttributes: namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7 fieldSelector=8
  labelSelector=9
NonResourceAttributes: path=1 verb=2
FieldSelectorAttributes, LabelSelectorAttributes: rawSelector=1 requirements=2
FieldSelectorRequirement: key=1 operator=2 values=3
JobCondition, PersistentVolumeClaimCondition: type=1 status=2 lastProbeTime=3 lastTransitionTime=4 reason=5 message=6
StatefulSetUpdateStrategy, DaemonSetUpdateStrategy: type=1 rollingUpdate=2
StatefulSetCondition, DaemonSetCondition, ReplicationControllerCondition, HorizontalPodAutoscalerCondition: type=1
  status=2 lastTransitionTime=3 reason=4 message=5
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted=1 whenScaled=2
StatefulSetOrdinals: start=1
PodFailurePolicy, SuccessPolicy: rules=1
UncountedTerminatedPods: succeeded=1 failed=2
ServicePort: name=1 protocol=2 port=3 targetPort=4 nodePort=5 appProtocol=6*
SessionAffinityConfig: clientIP=1
LoadBalancerStatus, IngressLoadBalancerStatus: ingress=1
Condition: type=1 status=2 observedGeneration=3 lastTransitionTime=4 reason=5 message=6
EndpointAddress: ip=1 targetRef=2 hostname=3 nodeName=4*
EndpointPort: name=1 port=2 protocol=3 appProtocol=4*
ScopeSelector: matchExpressions=1
LimitRangeItem: type=1 max=2 min=3 default=4 defaultRequest=5 maxLimitRequestRatio=6
CrossVersionObjectReference: kind=1 name=2 apiVersion=3
MetricSpec, MetricStatus: type=1 object=2 pods=3 resource=4 external=5 containerResource=7
HorizontalPodAutoscalerBehavior: scaleUp=1 scaleDown=2
IngressBackend: resource=3 service=4
IngressTLS: hosts=1 secretName=2
IngressRule: host=1 <IngressRuleValue>=2
EndpointConditions: ready=1* serving=2* terminating=3*
EndpointHints: forZones=1
RollingUpdateDaemonSet: maxUnavailable=1* maxSurge=2*
RollingUpdateStatefulSetStrategy: partition=1* maxUnavailable=2*
PodFailurePolicyRule: action=1 onExitCodes=2 onPodConditions=3
SuccessPolicyRule: succeededIndexes=1* succeededCount=2*
ClientIPConfig: timeoutSeconds=1*
LoadBalancerIngress: ip=1 hostname=2 ipMode=3* ports=4
ScopedResourceSelectorRequirement: scopeName=1 operator=2 values=3
ResourceMetricSource: name=1 target=2
HPAScalingRules: selectPolicy=1* policies=2 stabilizationWindowSeconds=3*
ResourceMetricStatus: name=1 current=2
IngressServiceBackend: name=1 port=2
IngressRuleValue: http=1
IngressLoadBalancerIngress: ip=1 hostname=2 ports=4
PodFailurePolicyOnExitCodesRequirement: containerName=1* operator=2 values=3
PodFailurePolicyOnPodConditionsPattern: type=1 status=2
PortStatus, IngressPortStatus: port=1 protocol=2 error=3*
MetricTarget: type=1 value=2 averageValue=3 averageUtilization=4*
HPAScalingPolicy: type=1 value=2 periodSeconds=3
MetricValueStatus: value=1 averageValue=2 averageUtilization=3*
ServiceBackendPort: name=1 number=2
HTTPIngressRuleValue: paths=1
HTTPIngressPath: path=1 backend=2 pathType=3*
IngressClassSpec: controller=1 parameters=2
RuntimeClass: metadata=1 handler=2 overhead=3 scheduling=4
Overhead: podFixed=1
Scheduling: nodeSelector=1 tolerations=2
NetworkPolicySpec: podSelector=1 ingress=2 egress=3 policyTypes=4
NetworkPolicyIngressRule: ports=1 from=2
NetworkPolicyEgressRule: ports=1 to=2
NetworkPolicyPort: protocol=1* port=2 endPort=3*
NetworkPolicyPeer: podSelector=1 namespaceSelector=2 ipBlock=3
IPBlock: cidr=1 except=2
PersistentVolumeSpec: capacity=1 <PersistentVolumeSource>=2 accessModes=3 claimRef=4 persistentVolumeReclaimPolicy=5
  storageClassName=6 mountOptions=7 volumeMode=8* nodeAffinity=9 volumeAttributesClassName=10*
PersistentVolumeSource: gcePersistentDisk=1 awsElasticBlockStore=2 hostPath=3 glusterfs=4 nfs=5 rbd=6 iscsi=7 cinder=8
  cephfs=9 fc=10 flocker=11 flexVolume=12 azureFile=13 vsphereVolume=14 quobyte=15 azureDisk=16
  photonPersistentDisk=17 portworxVolume=18 scaleIO=19 local=20 storageos=21 csi=22
VolumeNodeAffinity: required=1
LocalVolumeSource: path=1 fsType=2*
PersistentVolumeStatus: phase=1 message=2 reason=3 lastPhaseTransitionTime=4
NodeConfigSource: configMap=2
ConfigMapNodeConfigSource: namespace=1 name=2 uid=3 resourceVersion=4 kubeletConfigKey=5
NodeConfigStatus: assigned=1 active=2 lastKnownGood=3 error=4
NodeFeatures: supplementalGroupsPolicy=1*
NodeRuntimeHandler: name=1 features=2
NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts=1* userNamespaces=2*
AttachedVolume: name=1 devicePath=2
ResourceClaim: name=1 request=2
WindowsSecurityContextOptions: gmsaCredentialSpecName=1* gmsaCredentialSpec=2* runAsUserName=3* hostProcess=4*
PodResourceClaim: name=1 resourceClaimName=3* resourceClaimTemplateName=4*
ResourceStatus: name=1 resources=2
ResourceHealth: resourceID=1 health=2
ContainerUser: linux=1
LinuxContainerUser: uid=1 gid=2 supplementalGroups=3
VolumeMountStatus: name=1 mountPath=2 readOnly=3 recursiveReadOnly=4*
PodResourceClaimStatus: name=1 resourceClaimName=2*
ModifyVolumeStatus: targetVolumeAttributesClassName=1 status=2
ContainerResourceMetricSource: name=1 target=2 container=3
ExternalMetricSource, PodsMetricSource: metric=1 target=2
MetricIdentifier: name=1 selector=2
ObjectMetricSource: describedObject=1 target=2 metric=3
ContainerResourceMetricStatus: name=1 current=2 container=3
ExternalMetricStatus, PodsMetricStatus: metric=1 current=2
ObjectMetricStatus: metric=1 current=2 describedObject=3
IngressClassParametersReference: apiGroup=1* kind=2 name=3 scope=4* namespace=5*
TopologySelectorTerm: matchLabelExpressions=1
TopologySelectorLabelRequirement: key=1 values=2
`;
