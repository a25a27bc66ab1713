/** The rows of `protobuf-numbers.ts` for what volumes are made of; the notation is explained there. */
export const volumeNumbers = `
AWSElasticBlockStoreVolumeSource: volumeID=1 fsType=2 partition=3 readOnly=4
AzureDiskVolumeSource: diskName=1 diskURI=2 cachingMode=3* fsType=4* readOnly=5* kind=6*
AzureFileVolumeSource: secretName=1 shareName=2 readOnly=3
CephFSVolumeSource, CephFSPersistentVolumeSource: monitors=1 path=2 user=3 secretFile=4 secretRef=5 readOnly=6
CinderVolumeSource, CinderPersistentVolumeSource: volumeID=1 fsType=2 readOnly=3 secretRef=4
FCVolumeSource: targetWWNs=1 lun=2* fsType=3 readOnly=4 wwids=5
FlexVolumeSource, FlexPersistentVolumeSource: driver=1 fsType=2 secretRef=3 readOnly=4 options=5
FlockerVolumeSource: datasetName=1 datasetUUID=2
GCEPersistentDiskVolumeSource: pdName=1 fsType=2 partition=3 readOnly=4
GitRepoVolumeSource: repository=1 revision=2 directory=3
GlusterfsVolumeSource: endpoints=1 path=2 readOnly=3
ISCSIVolumeSource, ISCSIPersistentVolumeSource: targetPortal=1 iqn=2 lun=3 iscsiInterface=4 fsType=5 readOnly=6
  portals=7 chapAuthDiscovery=8 chapAuthSession=11 secretRef=10 initiatorName=12*
PhotonPersistentDiskVolumeSource: pdID=1 fsType=2
PortworxVolumeSource: volumeID=1 fsType=2 readOnly=3
ClusterTrustBundleProjection: name=1* signerName=2* labelSelector=3 optional=5* path=4
QuobyteVolumeSource: registry=1 volume=2 readOnly=3 user=4 group=5 tenant=6
RBDVolumeSource, RBDPersistentVolumeSource: monitors=1 image=2 fsType=3 pool=4 user=5 keyring=6 secretRef=7 readOnly=8
ScaleIOVolumeSource, ScaleIOPersistentVolumeSource: gateway=1 system=2 secretRef=3 sslEnabled=4 protectionDomain=5
  storagePool=6 storageMode=7 volumeName=8 fsType=9 readOnly=10
StorageOSVolumeSource, StorageOSPersistentVolumeSource: volumeName=1 volumeNamespace=2 fsType=3 readOnly=4 secretRef=5
VsphereVirtualDiskVolumeSource: volumePath=1 fsType=2 storagePolicyName=3 storagePolicyID=4
AzureFilePersistentVolumeSource: secretName=1 shareName=2 readOnly=3 secretNamespace=4*
SecretReference: name=1 namespace=2
CSIPersistentVolumeSource: driver=1 volumeHandle=2 readOnly=3 fsType=4 volumeAttributes=5 controllerPublishSecretRef=6
  nodeStageSecretRef=7 nodePublishSecretRef=8 controllerExpandSecretRef=9 nodeExpandSecretRef=10
GlusterfsPersistentVolumeSource: endpoints=1 path=2 readOnly=3 endpointsNamespace=4*
`;
