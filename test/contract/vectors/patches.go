package main

import (
	"encoding/json"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

const patchesPerKind = 8

// printPatches prints what kubectl would send to make one random object of another, and what becomes of the first by it.
func printPatches(kind schema.GroupVersionKind, of reflect.Type) {
	for i := 0; i < patchesPerKind; i++ {
		live, wanted := asJSON(similar(kind, of)), asJSON(similar(kind, of))
		object, err := scheme.Scheme.New(kind)
		check(err)
		patch, err := strategicpatch.CreateTwoWayMergePatch(live, wanted, object)
		check(err)
		result, err := strategicpatch.StrategicMergePatch(live, patch, object)
		check(err)
		printLine(map[string]any{
			"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind,
			"live": json.RawMessage(live), "patch": json.RawMessage(patch), "result": json.RawMessage(result),
		})
	}
}

// similar makes a sparse object whose texts are from a few, so that objects have elements of lists in common.
func similar(kind schema.GroupVersionKind, of reflect.Type) runtime.Object {
	few = true
	left = []string{"TypeMeta", "ObjectMeta", "Status"}
	left = append(left, defaulted...)
	made := reflect.New(of)
	fill(made.Elem(), 0.35, 0)
	distinguish(made.Elem())
	object := made.Interface().(runtime.Object)
	object.(metav1.Object).SetName("n")
	object.(metav1.Object).SetLabels(map[string]string{letters[random.Intn(3)]: letters[random.Intn(3)]})
	object.(metav1.Object).SetFinalizers(letters[random.Intn(3):3])
	object.GetObjectKind().SetGroupVersionKind(kind)
	return object
}

// defaulted are fields with defaults inside of values that are replaced whole: a server has them, the libraries do not.
var defaulted = []string{"DeprecatedServiceAccount", "DownwardAPI", "Projected", "FieldRef", "VolumeClaimTemplates"}

// keys are the fields by which elements of lists are told apart.
var keys = []string{"UID", "Name", "IP", "ContainerPort", "MountPath", "DevicePath", "TopologyKey", "WhenUnsatisfiable", "Port", "Type", "ConditionType"}

// distinguish gives the elements of each list different keys: no list may have one twice.
func distinguish(value reflect.Value) {
	switch value.Kind() {
	case reflect.Ptr:
		if !value.IsNil() {
			distinguish(value.Elem())
		}
	case reflect.Struct:
		for i := 0; i < value.NumField(); i++ {
			distinguish(value.Field(i))
		}
	case reflect.Slice:
		first := random.Intn(3)
		for i := 0; i < value.Len(); i++ {
			setKeys(value.Index(i), first+i)
			distinguish(value.Index(i))
		}
	}
}

func setKeys(element reflect.Value, number int) {
	if element.Kind() == reflect.String {
		element.SetString(letters[number%len(letters)])
	}
	if element.Kind() != reflect.Struct {
		return
	}
	for _, name := range keys {
		field := element.FieldByName(name)
		if !field.IsValid() || !field.CanSet() {
			continue
		}
		if field.Kind() == reflect.String {
			field.SetString(letters[number%len(letters)])
		} else if field.Kind() == reflect.Int32 {
			field.SetInt(int64(80 + number))
		}
	}
}

func asJSON(object runtime.Object) []byte {
	body, err := json.Marshal(object)
	check(err)
	return body
}
