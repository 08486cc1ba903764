namespace KubeAspire.Resources.Tests.Apiextensions;

/// <summary>Definitions as well-known projects have them: smaller, in our words, with every feature of a schema that theirs use.</summary>
internal static class RealDefinitions
{
    /// <summary>As cert-manager's: status conditions as a list-map, formats, columns with filters, a webhook that never has to convert.</summary>
    public const string Certificate = """
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition',
          'metadata':{'name':'certificates.cert-manager.io','labels':{'app':'cert-manager'},'annotations':{'helm.sh/resource-policy':'keep'}},
          'spec':{
            'group':'cert-manager.io','scope':'Namespaced',
            'names':{'kind':'Certificate','listKind':'CertificateList','plural':'certificates','singular':'certificate','shortNames':['cert','certs'],'categories':['cert-manager']},
            'conversion':{'strategy':'Webhook','webhook':{'clientConfig':{'service':{'name':'cert-manager-webhook','namespace':'cert-manager','path':'/convert'}},'conversionReviewVersions':['v1']}},
            'versions':[{
              'name':'v1','served':true,'storage':true,'subresources':{'status':{}},
              'additionalPrinterColumns':[
                {'name':'Ready','type':'string','jsonPath':'.status.conditions[?(@.type==\"Ready\")].status'},
                {'name':'Secret','type':'string','jsonPath':'.spec.secretName'},
                {'name':'Issuer','type':'string','priority':1,'jsonPath':'.spec.issuerRef.name'},
                {'name':'Age','type':'date','jsonPath':'.metadata.creationTimestamp','description':'Time since creation.'}],
              'selectableFields':[{'jsonPath':'.spec.secretName'},{'jsonPath':'.spec.issuerRef.name'}],
              'schema':{'openAPIV3Schema':{
                'description':'A signed certificate.','type':'object',
                'properties':{
                  'apiVersion':{'type':'string'},'kind':{'type':'string'},'metadata':{'type':'object'},
                  'spec':{'type':'object','required':['issuerRef','secretName'],'properties':{
                    'commonName':{'type':'string'},
                    'dnsNames':{'type':'array','items':{'type':'string'}},
                    'duration':{'type':'string'},
                    'isCA':{'type':'boolean'},
                    'issuerRef':{'type':'object','required':['name'],'properties':{'group':{'type':'string'},'kind':{'type':'string'},'name':{'type':'string'}}},
                    'privateKey':{'type':'object','properties':{
                      'algorithm':{'type':'string','enum':['RSA','ECDSA','Ed25519']},
                      'rotationPolicy':{'type':'string','enum':['Never','Always']},
                      'size':{'type':'integer'}}},
                    'revisionHistoryLimit':{'type':'integer','format':'int32'},
                    'secretName':{'type':'string'},
                    'secretTemplate':{'type':'object','properties':{'labels':{'type':'object','additionalProperties':{'type':'string'}}}},
                    'usages':{'type':'array','items':{'type':'string','enum':['signing','digital signature','server auth','client auth']}}}},
                  'status':{'type':'object','properties':{
                    'conditions':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['type'],'items':{'type':'object','required':['status','type'],'properties':{
                      'lastTransitionTime':{'type':'string','format':'date-time'},'message':{'type':'string'},'observedGeneration':{'type':'integer','format':'int64'},
                      'reason':{'type':'string'},'status':{'type':'string','enum':['True','False','Unknown']},'type':{'type':'string'}}}},
                    'notAfter':{'type':'string','format':'date-time'},
                    'revision':{'type':'integer'}}}}}}
            }]
          }
        }
        """;

    /// <summary>As the Prometheus operator's: int-or-string with its alternatives, patterns of durations and sizes, atomic maps, defaults.</summary>
    public const string ServiceMonitor = """
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'servicemonitors.monitoring.coreos.com','annotations':{'controller-gen.kubebuilder.io/version':'v0.17.1'}},
          'spec':{
            'group':'monitoring.coreos.com','scope':'Namespaced','names':{'categories':['prometheus-operator'],'kind':'ServiceMonitor','listKind':'ServiceMonitorList','plural':'servicemonitors','shortNames':['smon'],'singular':'servicemonitor'},
            'versions':[{
              'name':'v1','served':true,'storage':true,
              'schema':{'openAPIV3Schema':{
                'type':'object','required':['spec'],
                'properties':{
                  'apiVersion':{'type':'string'},'kind':{'type':'string'},'metadata':{'type':'object'},
                  'spec':{'type':'object','required':['endpoints','selector'],'properties':{
                    'bodySizeLimit':{'type':'string','pattern':'(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$'},
                    'endpoints':{'type':'array','items':{'type':'object','properties':{
                      'basicAuth':{'type':'object','properties':{'password':{'type':'object','required':['key'],'x-kubernetes-map-type':'atomic','properties':{
                        'key':{'type':'string'},'name':{'default':'','type':'string'},'optional':{'type':'boolean'}}}}},
                      'honorLabels':{'type':'boolean'},
                      'interval':{'type':'string','pattern':'^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$'},
                      'metricRelabelings':{'type':'array','items':{'type':'object','properties':{
                        'action':{'default':'replace','enum':['replace','Replace','keep','Keep','drop','Drop'],'type':'string'},
                        'modulus':{'type':'integer','format':'int64'},
                        'sourceLabels':{'type':'array','items':{'type':'string','pattern':'^[a-zA-Z_][a-zA-Z0-9_]*$'}}}}},
                      'params':{'type':'object','additionalProperties':{'type':'array','items':{'type':'string'}}},
                      'port':{'type':'string'},
                      'scheme':{'type':'string','enum':['http','https']},
                      'targetPort':{'anyOf':[{'type':'integer'},{'type':'string'}],'x-kubernetes-int-or-string':true}}}},
                    'namespaceSelector':{'type':'object','properties':{'any':{'type':'boolean'},'matchNames':{'type':'array','items':{'type':'string'}}}},
                    'sampleLimit':{'type':'integer','format':'int64','minimum':0},
                    'scrapeProtocols':{'type':'array','x-kubernetes-list-type':'set','items':{'type':'string','enum':['PrometheusProto','OpenMetricsText0.0.1','OpenMetricsText1.0.0']}},
                    'selector':{'type':'object','x-kubernetes-map-type':'atomic','properties':{
                      'matchExpressions':{'type':'array','x-kubernetes-list-type':'atomic','items':{'type':'object','required':['key','operator'],'properties':{
                        'key':{'type':'string'},'operator':{'type':'string'},'values':{'type':'array','x-kubernetes-list-type':'atomic','items':{'type':'string'}}}}},
                      'matchLabels':{'type':'object','additionalProperties':{'type':'string'}}}}}}}}}
            }]
          }
        }
        """;

    /// <summary>As Argo CD's: anything at all below Helm's values, maps of strings, a required operation, columns on several levels.</summary>
    public const string Application = """
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'applications.argoproj.io','labels':{'app.kubernetes.io/part-of':'argocd'}},
          'spec':{
            'group':'argoproj.io','scope':'Namespaced','names':{'kind':'Application','listKind':'ApplicationList','plural':'applications','shortNames':['app','apps'],'singular':'application'},
            'versions':[{
              'name':'v1alpha1','served':true,'storage':true,'subresources':{},
              'additionalPrinterColumns':[
                {'jsonPath':'.status.sync.status','name':'Sync Status','type':'string'},
                {'jsonPath':'.status.health.status','name':'Health Status','type':'string'},
                {'jsonPath':'.status.sync.revision','name':'Revision','priority':10,'type':'string'}],
              'schema':{'openAPIV3Schema':{
                'type':'object','required':['metadata','spec'],
                'properties':{
                  'apiVersion':{'type':'string'},'kind':{'type':'string'},'metadata':{'type':'object'},
                  'spec':{'type':'object','required':['destination','project'],'properties':{
                    'destination':{'type':'object','properties':{'name':{'type':'string'},'namespace':{'type':'string'},'server':{'type':'string'}}},
                    'ignoreDifferences':{'type':'array','items':{'type':'object','required':['kind'],'properties':{'kind':{'type':'string'},'jsonPointers':{'type':'array','items':{'type':'string'}}}}},
                    'project':{'type':'string'},
                    'source':{'type':'object','required':['repoURL'],'properties':{
                      'helm':{'type':'object','properties':{
                        'parameters':{'type':'array','items':{'type':'object','properties':{'forceString':{'type':'boolean'},'name':{'type':'string'},'value':{'type':'string'}}}},
                        'values':{'type':'string'},
                        'valuesObject':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}},
                      'kustomize':{'type':'object','properties':{
                        'replicas':{'type':'array','items':{'type':'object','required':['count','name'],'properties':{
                          'count':{'anyOf':[{'type':'integer'},{'type':'string'}],'x-kubernetes-int-or-string':true},'name':{'type':'string'}}}}}},
                      'path':{'type':'string'},'repoURL':{'type':'string'},'targetRevision':{'type':'string'}}},
                    'syncPolicy':{'type':'object','properties':{
                      'automated':{'type':'object','properties':{'prune':{'type':'boolean'},'selfHeal':{'type':'boolean'}}},
                      'managedNamespaceMetadata':{'type':'object','properties':{'labels':{'type':'object','additionalProperties':{'type':'string'}}}},
                      'retry':{'type':'object','properties':{'backoff':{'type':'object','properties':{'duration':{'type':'string'},'factor':{'type':'integer','format':'int64'}}},'limit':{'type':'integer','format':'int64'}}}}}}},
                  'status':{'type':'object','properties':{
                    'health':{'type':'object','properties':{'status':{'type':'string'}}},
                    'history':{'type':'array','items':{'type':'object','required':['deployedAt','id'],'properties':{'deployedAt':{'type':'string','format':'date-time'},'id':{'type':'integer','format':'int64'}}}},
                    'sync':{'type':'object','required':['status'],'properties':{'revision':{'type':'string'},'status':{'type':'string'}}}}}}}}
            }]
          }
        }
        """;

    /// <summary>As the Gateway API's: a group of the community, defaults inside list-maps, CEL rules at every level, two versions of one schema.</summary>
    public const string HttpRoute = """
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition',
          'metadata':{'name':'httproutes.gateway.networking.k8s.io','annotations':{'api-approved.kubernetes.io':'https://github.com/kubernetes-sigs/gateway-api/pull/3328','gateway.networking.k8s.io/channel':'standard'}},
          'spec':{
            'group':'gateway.networking.k8s.io','scope':'Namespaced','names':{'categories':['gateway-api'],'kind':'HTTPRoute','listKind':'HTTPRouteList','plural':'httproutes','singular':'httproute'},
            'versions':[@('v1',true),@('v1beta1',false)]
          }
        }
        """;

    private const string HttpRouteVersion = """
        {
          'name':NAME,'served':true,'storage':STORAGE,'subresources':{'status':{}},
          'additionalPrinterColumns':[{'jsonPath':'.spec.hostnames','name':'Hostnames','type':'string'},{'jsonPath':'.metadata.creationTimestamp','name':'Age','type':'date'}],
          'schema':{'openAPIV3Schema':{
            'type':'object','required':['spec'],
            'properties':{
              'apiVersion':{'type':'string'},'kind':{'type':'string'},'metadata':{'type':'object'},
              'spec':{'type':'object','properties':{
                'hostnames':{'type':'array','maxItems':16,'items':{'type':'string','minLength':1,'maxLength':253,'pattern':'^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'}},
                'parentRefs':{'type':'array','maxItems':32,'items':{'type':'object','required':['name'],'properties':{
                  'group':{'type':'string','default':'gateway.networking.k8s.io','maxLength':253},'kind':{'type':'string','default':'Gateway','minLength':1,'maxLength':63},
                  'name':{'type':'string','minLength':1,'maxLength':253},'port':{'type':'integer','format':'int32','minimum':1,'maximum':65535}}},
                  'x-kubernetes-validations':[{'message':'sectionName must be unique','rule':'self.all(p1, self.exists_one(p2, p1.name == p2.name))'}]},
                'rules':{'type':'array','maxItems':16,'default':[{'matches':[{'path':{'type':'PathPrefix','value':'/'}}]}],'items':{'type':'object','properties':{
                  'backendRefs':{'type':'array','maxItems':16,'items':{'type':'object','required':['name'],'properties':{
                    'group':{'type':'string','default':''},'kind':{'type':'string','default':'Service'},'name':{'type':'string'},'port':{'type':'integer','format':'int32'},
                    'weight':{'type':'integer','format':'int32','default':1,'minimum':0,'maximum':1000000}},
                    'x-kubernetes-validations':[{'message':'Must have port for Service reference','rule':'has(self.port)'}]}},
                  'filters':{'type':'array','maxItems':16,'items':{'type':'object','required':['type'],'properties':{
                    'requestHeaderModifier':{'type':'object','properties':{'set':{'type':'array','maxItems':16,'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name'],'items':{'type':'object','required':['name','value'],'properties':{
                      'name':{'type':'string','pattern':'^[A-Za-z0-9!#$%&*+\\-.^_\\x60|~]+$'},'value':{'type':'string'}}}}}},
                    'type':{'type':'string','enum':['RequestHeaderModifier','RequestMirror','RequestRedirect','URLRewrite']}}}},
                  'matches':{'type':'array','maxItems':64,'default':[{'path':{'type':'PathPrefix','value':'/'}}],'items':{'type':'object','properties':{
                    'method':{'type':'string','enum':['GET','HEAD','POST','PUT','DELETE']},
                    'path':{'type':'object','default':{'type':'PathPrefix','value':'/'},'properties':{
                      'type':{'type':'string','default':'PathPrefix','enum':['Exact','PathPrefix','RegularExpression']},'value':{'type':'string','default':'/','maxLength':1024}},
                      'x-kubernetes-validations':[{'message':'must be absolute','rule':'self.value.startsWith(\"/\")'}]}}}},
                  'timeouts':{'type':'object','properties':{'request':{'type':'string','pattern':'^([0-9]{1,5}(h|m|s|ms)){1,4}$'}}}}}}}},
              'status':{'type':'object','required':['parents'],'properties':{'parents':{'type':'array','maxItems':32,'items':{'type':'object','required':['controllerName'],'properties':{
                'conditions':{'type':'array','minItems':1,'maxItems':8,'x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['type'],'items':{'type':'object','required':['lastTransitionTime','message','reason','status','type'],'properties':{
                  'lastTransitionTime':{'type':'string','format':'date-time'},'message':{'type':'string','maxLength':32768},'reason':{'type':'string'},'status':{'type':'string'},'type':{'type':'string'}}}},
                'controllerName':{'type':'string'}}}}}}}}}
        }
        """;

    /// <summary>As an operator that carries whole objects: embedded resources, raw extensions, scale, several kinds of keys.</summary>
    public const string Bundle = """
        {
          'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','metadata':{'name':'bundles.work.example.org'},
          'spec':{
            'group':'work.example.org','scope':'Cluster','names':{'kind':'Bundle','plural':'bundles'},
            'versions':[{
              'name':'v1beta2','served':true,'storage':true,'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.replicas','statusReplicasPath':'.status.replicas','labelSelectorPath':'.status.selector'}},
              'schema':{'openAPIV3Schema':{'type':'object','properties':{
                'metadata':{'type':'object','properties':{'name':{'type':'string','maxLength':20}}},
                'spec':{'type':'object','properties':{
                  'manifests':{'type':'array','items':{'type':'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true}},
                  'template':{'type':'object','x-kubernetes-embedded-resource':true,'properties':{'spec':{'type':'object','properties':{'image':{'type':'string'}}}}},
                  'anything':{'x-kubernetes-preserve-unknown-fields':true},
                  'replicas':{'type':'integer','minimum':0,'default':1},
                  'limit':{'type':'string','nullable':true},
                  'ports':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['port','protocol'],'items':{'type':'object','required':['port'],'properties':{
                    'port':{'type':'integer'},'protocol':{'type':'string','default':'TCP'}}}}}},
                'status':{'type':'object','properties':{'replicas':{'type':'integer'},'selector':{'type':'string'}}}}}}
            }]
          }
        }
        """;

    /// <summary>Every definition, by its plural name.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["certificates"] = Certificate,
        ["servicemonitors"] = ServiceMonitor,
        ["applications"] = Application,
        ["httproutes"] = HttpRoute
            .Replace("@('v1',true)", HttpRouteVersion.Replace("NAME", "'v1'", StringComparison.Ordinal).Replace("STORAGE", "true", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("@('v1beta1',false)", HttpRouteVersion.Replace("NAME", "'v1beta1'", StringComparison.Ordinal).Replace("STORAGE", "false", StringComparison.Ordinal), StringComparison.Ordinal),
        ["bundles"] = Bundle,
    };
}
