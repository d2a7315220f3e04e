// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	ps "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// played is the schema of a resource of another provider, as far as an example
// uses it: its arguments and what the cloud answers, each as name=type with the
// types of argumentTypes, and its blocks.
type played struct {
	arguments, answers string
	blocks             map[string]played
}

var argumentTypes = map[string]attr.Type{
	"string": types.StringType, "number": types.Int64Type, "bool": types.BoolType,
	"strings": types.ListType{ElemType: types.StringType}, "map": types.MapType{ElemType: types.StringType},
	"identity": nested("oidc", types.ListType{ElemType: nested("issuer", types.StringType).ElemType}),
	"ca":       nested("data", types.StringType),
}

// nested is a list of objects with one attribute.
func nested(name string, of attr.Type) types.ListType {
	return types.ListType{ElemType: types.ObjectType{AttrTypes: map[string]attr.Type{name: of}}}
}

const policyAttachment = "role=string policy_arn=string"

// The resources of examples/stories/eks-sqs, from the documentation of their
// providers. No registry is asked, so nothing here is checked against them.
var (
	awsResources = map[string]played{
		"aws_iam_role":                    {arguments: "name=string assume_role_policy=string", answers: "id=string arn=string"},
		"aws_iam_role_policy":             {arguments: "name=string role=string policy=string", answers: "id=string"},
		"aws_iam_role_policy_attachment":  {arguments: policyAttachment, answers: "id=string"},
		"aws_iam_openid_connect_provider": {arguments: "url=string client_id_list=strings", answers: "id=string arn=string"},
		"aws_sqs_queue":                   {arguments: "name=string visibility_timeout_seconds=number", answers: "id=string url=string arn=string"},
		"aws_eks_cluster": {
			arguments: "name=string role_arn=string", answers: "id=string endpoint=string identity=identity certificate_authority=ca",
			blocks: map[string]played{
				"vpc_config":    {arguments: "subnet_ids=strings"},
				"access_config": {arguments: "authentication_mode=string bootstrap_cluster_creator_admin_permissions=bool"},
			},
		},
		"aws_eks_node_group": {
			arguments: "cluster_name=string node_group_name=string node_role_arn=string subnet_ids=strings instance_types=strings", answers: "id=string",
			blocks: map[string]played{"scaling_config": {arguments: "min_size=number max_size=number desired_size=number"}},
		},
	}
	metadata            = played{arguments: "name=string namespace=string labels=map annotations=map"}
	kubernetesResources = map[string]played{
		"kubernetes_service_account_v1": {answers: "id=string", blocks: map[string]played{"metadata": metadata}},
		"kubernetes_deployment_v1": {answers: "id=string", blocks: map[string]played{
			"metadata": metadata,
			"spec": {arguments: "replicas=number", blocks: map[string]played{
				"selector": {arguments: "match_labels=map"},
				"template": {blocks: map[string]played{
					"metadata": metadata,
					"spec": {arguments: "service_account_name=string", blocks: map[string]played{
						"container": {arguments: "name=string image=string", blocks: map[string]played{"env": {arguments: "name=string value=string"}}},
					}},
				}},
			}},
		}},
	}
)

// cloudProviders adds players of hashicorp/aws and hashicorp/kubernetes.
func cloudProviders(to map[string]func() (tfprotov6.ProviderServer, error)) map[string]func() (tfprotov6.ProviderServer, error) {
	to["aws"] = providerserver.NewProtocol6WithError(player{name: "aws", resources: awsResources,
		schema: ps.Schema{Attributes: map[string]ps.Attribute{"region": ps.StringAttribute{Optional: true}}}})
	text := ps.StringAttribute{Optional: true}
	to["kubernetes"] = providerserver.NewProtocol6WithError(player{name: "kubernetes", resources: kubernetesResources, schema: ps.Schema{
		Attributes: map[string]ps.Attribute{"host": text, "cluster_ca_certificate": text},
		Blocks: map[string]ps.Block{"exec": ps.ListNestedBlock{NestedObject: ps.NestedBlockObject{Attributes: map[string]ps.Attribute{
			"api_version": text, "command": text, "args": ps.ListAttribute{Optional: true, ElementType: types.StringType}}}}},
	}})
	return to
}

// player is a provider that can plan new resources and nothing else.
type player struct {
	name      string
	schema    ps.Schema
	resources map[string]played
}

func (p player) Metadata(_ context.Context, _ fwprovider.MetadataRequest, resp *fwprovider.MetadataResponse) {
	resp.TypeName = p.name
}

func (p player) Schema(_ context.Context, _ fwprovider.SchemaRequest, resp *fwprovider.SchemaResponse) {
	resp.Schema = p.schema
}

func (player) Configure(context.Context, fwprovider.ConfigureRequest, *fwprovider.ConfigureResponse) {
}

func (player) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p player) Resources(context.Context) []func() resource.Resource {
	var all []func() resource.Resource
	for name, of := range p.resources {
		all = append(all, func() resource.Resource { return playedResource{name: name, played: of} })
	}
	return all
}

type playedResource struct {
	name string
	played
}

func (r playedResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.name
}

func (r playedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = rs.Schema{Attributes: r.attributes(), Blocks: r.nested()}
}

func (p played) attributes() map[string]rs.Attribute {
	all := map[string]rs.Attribute{}
	for _, member := range strings.Fields(p.arguments) {
		name, kind, _ := strings.Cut(member, "=")
		all[name] = attribute(argumentTypes[kind], false)
	}
	for _, member := range strings.Fields(p.answers) {
		name, kind, _ := strings.Cut(member, "=")
		all[name] = attribute(argumentTypes[kind], true)
	}
	return all
}

func (p played) nested() map[string]rs.Block {
	all := map[string]rs.Block{}
	for name, of := range p.blocks {
		all[name] = rs.ListNestedBlock{NestedObject: rs.NestedBlockObject{Attributes: of.attributes(), Blocks: of.nested()}}
	}
	return all
}

func attribute(kind attr.Type, answer bool) rs.Attribute {
	switch kind := kind.(type) {
	case types.ListType:
		return rs.ListAttribute{ElementType: kind.ElemType, Computed: answer, Optional: !answer}
	case types.MapType:
		return rs.MapAttribute{ElementType: kind.ElemType, Computed: answer, Optional: !answer}
	}
	switch kind {
	case types.StringType:
		return rs.StringAttribute{Computed: answer, Optional: !answer}
	case types.Int64Type:
		return rs.Int64Attribute{Computed: answer, Optional: !answer}
	case types.BoolType:
		return rs.BoolAttribute{Computed: answer, Optional: !answer}
	}
	panic(fmt.Sprintf("no attribute of type %v", kind))
}

// Nothing is ever applied: tests only plan.
func (playedResource) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError("not for apply", "played resources are only planned")
}

func (playedResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (playedResource) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("not for apply", "played resources are only planned")
}

func (playedResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
