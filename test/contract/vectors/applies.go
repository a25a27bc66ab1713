package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	applyconfigurations "k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	rounds     = 3
	stepsOfOne = 5
)

// printApplies prints what becomes of objects that three managers apply in turn, or why they may not.
func printApplies(kind schema.GroupVersionKind, of reflect.Type) {
	manager, err := managedfields.NewDefaultFieldManager(
		applyconfigurations.NewTypeConverter(scheme.Scheme), oneVersion{}, oneVersion{}, typed{}, kind, kind.GroupVersion(), "", nil)
	check(err)
	for round := 0; round < rounds; round++ {
		live, err := typed{}.New(kind)
		check(err)
		for step := 0; step < stepsOfOne; step++ {
			name, force := "manager-"+letters[random.Intn(3)], random.Intn(3) == 0
			applied := &unstructured.Unstructured{}
			check(applied.UnmarshalJSON(asJSON(similar(kind, of))))
			prune(applied.Object)
			line := map[string]any{"manager": name, "force": force, "applied": applied.DeepCopy()}
			if step > 0 {
				line["live"] = json.RawMessage(asJSON(live))
			}
			result, err := manager.Apply(live, applied, name, force)
			if err != nil {
				line["error"] = err.Error()
			} else {
				live = withoutTimes(result)
				line["result"] = live
			}
			printLine(line)
		}
	}
}

// withoutTimes makes the same of it every day.
func withoutTimes(object runtime.Object) runtime.Object {
	entries := object.(metav1.Object).GetManagedFields()
	for i := range entries {
		entries[i].Time = nil
	}
	object.(metav1.Object).SetManagedFields(entries)
	return object
}

// prune takes away what the types write for fields that are not set, as people do not write it.
func prune(value any) (isEmpty bool) {
	switch value := value.(type) {
	case nil:
		return true
	case map[string]any:
		for name, item := range value {
			if prune(item) {
				delete(value, name)
			}
		}
		return len(value) == 0
	case []any:
		for _, item := range value {
			prune(item)
		}
		return len(value) == 0
	case string:
		return value == ""
	case int64:
		return value == 0
	case bool:
		return !value
	}
	return false
}

// typed makes empty objects that know their kind.
type typed struct{}

func (typed) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object, err := scheme.Scheme.New(kind)
	if err == nil {
		object.GetObjectKind().SetGroupVersionKind(kind)
	}
	return object, err
}

// oneVersion converts nothing and has no defaults.
type oneVersion struct{}

func (oneVersion) ConvertToVersion(object runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return object, nil
}
func (oneVersion) Convert(_, _, _ any) error { return fmt.Errorf("nothing is converted") }
func (oneVersion) ConvertFieldLabel(_ schema.GroupVersionKind, _, _ string) (string, string, error) {
	return "", "", fmt.Errorf("nothing is converted")
}
func (oneVersion) Default(runtime.Object) {}
