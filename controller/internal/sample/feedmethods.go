// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// Follow streams the store to one follower. It implements feedpb.FeedServer.
func (f *FeedServer) Follow(_ *feedpb.FollowRequest, stream grpc.ServerStreamingServer[feedpb.Update]) error {
	sub := f.store.Subscribe()
	defer sub.Close()
	ctx := stream.Context()
	for {
		waiting, cancel := context.WithTimeout(ctx, f.heartbeat)
		batch, err := sub.Next(waiting)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			err = stream.Send(f.stamp(&feedpb.Update{}))
		case err == nil:
			err = f.send(stream, batch)
		}
		if err != nil {
			return err
		}
		if !pause(ctx, linger) {
			return nil
		}
	}
}

// send cuts the batch into messages. The marks of the beginning and the end of a
// snapshot go on its first and its last message.
func (f *FeedServer) send(stream grpc.ServerStreamingServer[feedpb.Update], batch Batch) error {
	objects := wire(batch)
	reset := batch.Reset
	for {
		part := objects[:fitting(objects)]
		objects = objects[len(part):]
		update := f.stamp(&feedpb.Update{
			Reset_: reset, Complete: batch.Complete && len(objects) == 0,
			Objects: part, Version: batch.Version,
		})
		if err := stream.Send(update); err != nil {
			return err
		}
		if len(objects) == 0 {
			return nil
		}
		reset = false
	}
}

// fitting is how many of the objects go into one message. Errors may be long, and in
// an outage every metric has one.
func fitting(objects []*feedpb.Object) (n int) {
	for size := 0; n < min(chunk, len(objects)) && size < chunkBytes; n++ {
		size += proto.Size(objects[n])
	}
	return n
}

func (f *FeedServer) stamp(update *feedpb.Update) *feedpb.Update {
	update.SentUnixNano = f.clock.Now().UnixNano()
	update.HeartbeatMillis = f.heartbeat.Milliseconds()
	return update
}

// Refresh reads one metric now. It implements feedpb.FeedServer.
func (f *FeedServer) Refresh(ctx context.Context, request *feedpb.RefreshRequest) (*feedpb.RefreshResponse, error) {
	object := Object{Kind: KindScaledObject, Namespace: request.GetNamespace(), Name: request.GetName()}
	if !f.fresh(object, request) {
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, refreshLimit)
			defer cancel()
		}
		if err := f.refresh(ctx, object, request.GetMetric()); err != nil {
			code := codes.Unavailable
			if errors.Is(err, context.DeadlineExceeded) {
				code = codes.DeadlineExceeded
			}
			return nil, status.Errorf(code, "refresh %s of ScaledObject %s/%s: %v",
				request.GetMetric(), object.Namespace, object.Name, err)
		}
	}
	answers, ok := f.store.Answers(object)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "ScaledObject %s/%s has no metrics here", object.Namespace, object.Name)
	}
	return &feedpb.RefreshResponse{Object: wireAnswers(answers), SentUnixNano: f.clock.Now().UnixNano()}, nil
}

// fresh says that the answer is young enough for the caller: another adapter, or
// a poll, has been quicker.
func (f *FeedServer) fresh(object Object, request *feedpb.RefreshRequest) bool {
	answer, ok := f.store.Latest(object, request.GetMetric())
	limit := time.Duration(request.GetMaxAgeMillis()) * time.Millisecond
	return ok && f.clock.Since(answer.At) <= limit
}

// wire translates what the adapters serve of the batch.
func wire(batch Batch) []*feedpb.Object {
	objects := make([]*feedpb.Object, 0, len(batch.Changed)+len(batch.Gone))
	for _, answers := range batch.Changed {
		if answers.Object.Kind == KindScaledObject {
			objects = append(objects, wireAnswers(answers))
		}
	}
	for _, gone := range batch.Gone {
		if gone.Kind == KindScaledObject {
			objects = append(objects, &feedpb.Object{
				Namespace: gone.Namespace, Name: gone.Name, Version: batch.Version, Gone: true,
			})
		}
	}
	return objects
}

func wireAnswers(answers *Answers) *feedpb.Object {
	metrics := make([]feedpb.Metric, len(answers.Metrics))
	object := &feedpb.Object{
		Namespace: answers.Object.Namespace, Name: answers.Object.Name, Version: answers.Version,
		Metrics: make([]*feedpb.Metric, len(answers.Metrics)),
	}
	for i, answer := range answers.Metrics {
		metric := &metrics[i]
		metric.Name, metric.Value = answer.Metric, answer.Value
		// A server's words may be binary, and a message with one such string is none.
		metric.Error = strings.ToValidUTF8(answer.Error, "\uFFFD")
		metric.TookNanos, metric.Scaler = answer.Took.Nanoseconds(), answer.Scaler
		if !answer.At.IsZero() { // which is out of the range of nanoseconds
			metric.AtUnixNano = answer.At.UnixNano()
		}
		object.Metrics[i] = metric
	}
	return object
}

// authorize lets in whoever proved, with a certificate of our authority, to be
// the metrics adapter.
func (f *FeedServer) authorize(ctx context.Context) error {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return status.Error(codes.Unauthenticated, "the feed needs a connection")
	}
	info, ok := caller.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return status.Error(codes.Unauthenticated, "the feed needs a client certificate")
	}
	if leaf := info.State.PeerCertificates[0]; leaf.VerifyHostname(f.clientName) != nil {
		return status.Errorf(codes.PermissionDenied, "the client certificate is for %q, the feed is for %s",
			slices.Concat(leaf.DNSNames, []string{leaf.Subject.CommonName}), f.clientName)
	}
	return nil
}

func (f *FeedServer) authorizeUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := f.authorize(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (f *FeedServer) authorizeStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := f.authorize(stream.Context()); err != nil {
		return err
	}
	return handler(server, stream)
}

// pause waits; it returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
